"""Default callbacks: progress and interruption; and a profiler that does nothing."""

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks.progress import TQDMProgressBar
from pytorch_lightning.profilers import PassThroughProfiler

from zoo import signals
from zoo.metrics.mean import MeanLoss
from zoo.run.throughput import Throughput
from zoo.tasks.base import Task

_REFRESH_EVERY = 20  # steps; redrawing the bar can cost more than a step of a small network
_NOTABLE_WAIT = 0.05  # fraction of an epoch


class Progress(TQDMProgressBar):
    """Shows a progress bar on a terminal, unless without `bar`, and prints one line for each finished epoch."""

    def __init__(self, monitor: str, *, bar: bool = True) -> None:
        super().__init__(refresh_rate=_REFRESH_EVERY if bar and sys.stderr.isatty() else 0)
        self.monitor = monitor
        self._started = 0.0

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """Metrics shown in the progress bar."""
        loss = cast(MeanLoss, cast(Task, pl_module).train_metrics["loss"])
        shown: dict[str, Any] = {"loss": f"{(loss.total / loss.count).item():.4f}"}
        if self.monitor in trainer.callback_metrics:
            shown[self.monitor] = f"{trainer.callback_metrics[self.monitor].item():.4f}"
        return shown | {"samples/s": f"{_throughput(trainer).samples_per_second:,.0f}"}

    def on_train_start(self, *_: Any) -> None:
        """Starts the clock; an epoch that is resumed within has no `on_train_epoch_start`."""
        super().on_train_start(*_)
        self._started = time.perf_counter()

    def on_train_epoch_start(self, trainer: Trainer, *_: Any) -> None:
        """Starts the clock of the epoch."""
        super().on_train_epoch_start(trainer, *_)
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prints the line of the epoch."""
        super().on_train_epoch_end(trainer, pl_module)
        measured = cast(Task, pl_module).train_metrics.compute()  # reduced over all ranks; not logged before this hook
        if not trainer.is_global_zero:
            return
        metrics = trainer.callback_metrics | measured
        names = ["train/loss", "val/loss", *([] if self.monitor == "val/loss" else [self.monitor])]
        values = [f"{name} {metrics[name].item():.4f}" for name in names if name in metrics]
        epochs = trainer.max_epochs if trainer.max_epochs and trainer.max_epochs > 0 else "∞"
        line = [f"epoch {trainer.current_epoch + 1}/{epochs}", *values]
        throughput = _throughput(trainer)
        line.append(f"{throughput.samples_per_second:,.0f} samples/s")
        if (mfu := throughput.utilization(throughput.samples_per_second)) is not None:
            line.append(f"MFU {mfu:.0%}")
        if throughput.waiting_share >= _NOTABLE_WAIT:
            line.append(f"data {throughput.waiting_share:.0%}")
        line.append(f"{time.perf_counter() - self._started:.1f} s")
        print("  ".join(line), flush=True)


class Interruption(Callback):
    """Sets the handlers of `zoo.signals` in place of Lightning's, and stops a validation that outlasts a signal."""

    stepped = False
    """Whether a step of training has ended, so that the state of a checkpoint has been restored and used."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sets the handlers."""
        signals.install()

    def on_train_batch_end(self, *_: Any) -> None:
        """Notes the step."""
        self.stepped = True

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sets the handlers."""
        signals.install()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sets the handlers."""
        signals.install()

    def on_validation_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Gives up a validation of one process that takes longer than a scheduler may wait."""
        if trainer.world_size == 1 and signals.overdue():
            raise signals.Stopped(signals.requested(), "resume=auto continues from the last checkpoint")


class NoProfiler(PassThroughProfiler):
    """A profiler that does nothing, faster than Lightning's: a step enters about thirty of its contexts."""

    _NOTHING = nullcontext()

    def profile(self, action_name: str) -> AbstractContextManager[None]:  # type: ignore[override]
        """Returns an empty context manager."""
        return self._NOTHING


def _throughput(trainer: Trainer) -> Throughput:
    return next(callback for callback in trainer.callbacks if isinstance(callback, Throughput))  # type: ignore[attr-defined]
