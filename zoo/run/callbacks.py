"""Default callbacks: checkpointing and progress; and a profiler that does nothing."""

import shutil
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.callbacks.progress import TQDMProgressBar
from pytorch_lightning.profilers import PassThroughProfiler
from torch import Tensor

from zoo.checkpoints.io import link
from zoo.metrics.mean import MeanLoss
from zoo.run.throughput import Throughput
from zoo.tasks.base import Task

_REFRESH_EVERY = 20  # steps; redrawing the bar can cost more than a step of a small network
_NOTABLE_WAIT = 0.05  # fraction of an epoch


class BestAndLast(ModelCheckpoint):
    """Saves `best.ckpt` by the monitored value, where ties go to the later epoch, and `last.ckpt` after every epoch."""

    def __init__(self, folder: Path, monitor: str, mode: Literal["min", "max"]) -> None:
        super().__init__(
            dirpath=folder,
            filename="best",
            monitor=monitor,
            mode=mode,
            save_last=True,
            save_on_train_epoch_end=True,  # between epochs resuming is exact
            auto_insert_metric_name=False,
            enable_version_counter=False,
        )

    @cached_property
    def state_key(self) -> str:
        """The key of Lightning, cached: Lightning rebuilds it at every hook of every step."""
        return super().state_key

    def _save_checkpoint(self, trainer: Trainer, filepath: str) -> None:
        """Writes the checkpoint; hard-link it if this step has already been saved under the other name."""
        written = Path(self._last_checkpoint_saved)
        if self._last_global_step_saved != trainer.global_step or not written.is_file():
            super()._save_checkpoint(trainer, filepath)
            return
        if trainer.is_global_zero:
            link(written, Path(filepath))
        trainer.strategy.barrier()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Copies the best checkpoint of the resumed run into the folder of this run."""
        theirs = Path(state_dict["best_model_path"])
        folder = Path(str(self.dirpath))
        if theirs.parent != folder and theirs.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            ours = str(shutil.copy(theirs, folder))
            scores = {ours: state_dict["best_model_score"]}
            moved = {"dirpath": self.dirpath, "best_model_path": ours, "best_k_models": scores}
            state_dict = state_dict | moved | {"kth_best_model_path": ours, "last_model_path": ""}
        super().load_state_dict(state_dict)

    def check_monitor_top_k(self, trainer: Trainer, current: Tensor | None = None) -> bool:
        """Counts a tie as better: small validation splits often tie, and the later epoch is better trained."""
        if current is not None and self.best_model_score is not None and current == self.best_model_score:
            return True
        return super().check_monitor_top_k(trainer, current)

    def on_train_batch_end(self, *_: Any) -> None:
        """Saves nothing during an epoch."""

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes `last.ckpt` after every epoch; Lightning skips epochs that are not the best."""
        super().on_train_epoch_end(trainer, pl_module)
        if not self._should_skip_saving_checkpoint(trainer):  # skipped: already saved at this step
            self._save_last_checkpoint(trainer, self._monitor_candidates(trainer))


class Progress(TQDMProgressBar):
    """Shows a progress bar on a terminal, and prints one line for each finished epoch."""

    def __init__(self, monitor: str) -> None:
        super().__init__(refresh_rate=_REFRESH_EVERY if sys.stderr.isatty() else 0)
        self.monitor = monitor
        self._started = 0.0

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """Metrics shown in the progress bar."""
        loss = cast(MeanLoss, cast(Task, pl_module).train_metrics["loss"])
        shown: dict[str, Any] = {"loss": f"{(loss.total / loss.count).item():.4f}"}
        if self.monitor in trainer.callback_metrics:
            shown[self.monitor] = f"{trainer.callback_metrics[self.monitor].item():.4f}"
        return shown | {"samples/s": f"{_throughput(trainer).samples_per_second:,.0f}"}

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


class NoProfiler(PassThroughProfiler):
    """A profiler that does nothing, faster than Lightning's: a step enters about thirty of its contexts."""

    _NOTHING = nullcontext()

    def profile(self, action_name: str) -> AbstractContextManager[None]:  # type: ignore[override]
        """Returns an empty context manager."""
        return self._NOTHING


def _throughput(trainer: Trainer) -> Throughput:
    return next(callback for callback in trainer.callbacks if isinstance(callback, Throughput))  # type: ignore[attr-defined]
