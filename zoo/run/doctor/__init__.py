"""The training doctor: names what goes wrong in a training run, one line an epoch."""

from zoo.run.doctor.doctor import Doctor as Doctor
