"""Overhead of our trainer in a step, beside a plain loop over the same network, and of the doctor in an epoch."""

import contextlib
import io
from collections.abc import Callable, Iterator
from typing import Any

from pytorch_lightning import Callback

from benchmarks.beside import build_run, train_in_turns
from benchmarks.cases import Case
from benchmarks.clock import Spent, now, since
from benchmarks.plain_loop import PlainLoop
from benchmarks.settings import Settings
from benchmarks.synthetic import RandomImages
from benchmarks.timing import Measured, paired
from zoo.networks.lenet import LeNet5
from zoo.run.doctor import Doctor

BATCH, STEPS = 64, 600
EPOCHS, EPOCH_STEPS = 10, 100
_HOOKS = ("on_before_optimizer_step", "on_train_epoch_end")


def cases(settings: Settings) -> Iterator[Case]:
    """LeNet-5, the smallest network, where the overhead is the largest share."""
    yield Case(
        name=f"LeNet-5, a training step, batch {BATCH}, callbacks and loggers as train.py has them",
        peer="a plain loop",
        measure=lambda: lenet_step(settings),
        limit=1.15,
    )
    yield Case(
        name=f"LeNet-5, an epoch of {EPOCH_STEPS} steps, batch {BATCH}, with the doctor",
        peer="the same epoch without the time in its hooks",
        measure=lambda: doctor_epochs(settings),
        limit=1.01,
        absent="" if settings.device.type == "cpu" else "measured on a CPU, whose time in a hook is known",
    )


def lenet_step(settings: Settings) -> Measured:
    """Measures our trainer and a plain loop on the same images with the same optimizer and schedule."""
    steps = 5 if settings.quick else STEPS
    data = RandomImages(size=32, channels=1, num_classes=10, count=20 * BATCH, batch_size=BATCH)
    run = build_run(["model=lenet5"], data, settings)
    loop = PlainLoop(LeNet5(), data, run.config, settings.device, steps=steps)
    return train_in_turns(run, loop, settings, steps=steps).steps_measured()


def doctor_epochs(settings: Settings) -> Measured:
    """Measures epochs, and the same epochs without the processor time in the doctor's hooks."""
    epochs, steps = (2, 5) if settings.quick else (EPOCHS, EPOCH_STEPS)
    data = RandomImages(size=32, channels=1, num_classes=10, count=steps * BATCH, batch_size=BATCH)
    run = build_run(["model=lenet5"], data, settings)
    run.config = run.config | {"trainer": run.config["trainer"] | {"max_epochs": epochs, "limit_val_batches": 0}}
    trainer = run.training_trainer()
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    (doctor,) = (callback for callback in callbacks if isinstance(callback, Doctor))
    watch = _Epochs()
    for name in _HOOKS:
        setattr(doctor, name, watch.timed(getattr(doctor, name)))
    callbacks.append(watch)
    with contextlib.redirect_stdout(io.StringIO()):
        trainer.fit(run.task, datamodule=run.datamodule)
    return paired(watch.ours[1:], watch.theirs[1:], "cpu")


class _Epochs(Callback):
    """The time of each epoch, and that time without what was spent in timed calls."""

    def __init__(self) -> None:
        self.ours: list[Spent] = []
        self.theirs: list[Spent] = []
        self._inside, self._start = Spent(0.0, 0.0), now()

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            start = now()
            result = call(*arguments, **options)
            self._inside = _plus(self._inside, since(start))
            return result

        return timed

    def on_train_epoch_start(self, *_: Any) -> None:
        """Begins an epoch."""
        self._inside, self._start = Spent(0.0, 0.0), now()

    def on_train_epoch_end(self, *_: Any) -> None:
        """Ends an epoch, after the doctor."""
        spent = since(self._start)
        self.ours.append(spent)
        self.theirs.append(Spent(spent.cpu - self._inside.cpu, spent.wall - self._inside.wall))


def _plus(a: Spent, b: Spent) -> Spent:
    return Spent(a.cpu + b.cpu, a.wall + b.wall)
