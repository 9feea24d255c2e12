"""Style transfer by a network in one pass."""

from zoo.tasks.style.fast.task import FastStyle as FastStyle
