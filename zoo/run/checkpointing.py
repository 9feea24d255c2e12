"""Writes checkpoints: the best, the last of each epoch, some within an epoch, one when a signal stops training."""

import time
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from torch import Tensor

from zoo import signals
from zoo.checkpoints.io import link
from zoo.errors import ZooError
from zoo.metrics.states import load_states, save_states
from zoo.run.console import rank_zero_print
from zoo.tasks.base import Task

_LEAST_INTERVAL = 10.0  # seconds between two checkpoints within an epoch
_LEAST_SHARE = 100  # times the time that writing takes, so that it costs under 1 %
_AGREE_EVERY = 1.0  # seconds between two agreements of several processes
_SAVE = 1  # a request to save; larger ones are numbers of signals
_TRAINED = "training is complete: resume=auto, or zoo-evaluate of best.ckpt, tests and reports it"
_RESUME = "resume=auto continues from checkpoints/last.ckpt"


class Agreement:
    """The same decision in all processes at the same step: the largest of their requests."""

    def __init__(self) -> None:
        self._step, self._time, self._next = 0, time.monotonic(), 0

    def reach(self, trainer: Trainer, request: int, *, now: bool = False) -> int:
        """The largest request; several processes agree about once a second, or `now` if all of them say so."""
        if trainer.world_size == 1:
            return request
        step = trainer.global_step
        if step < self._next and not now:
            return 0
        elapsed = time.monotonic() - self._time
        steps = int((step - self._step) * _AGREE_EVERY / max(elapsed, 1e-6))  # that take this time
        values = torch.tensor([float(request), -float(max(steps, 1))], device=trainer.strategy.root_device)
        largest, gap = torch.as_tensor(trainer.strategy.reduce(values, reduce_op="max")).tolist()
        self._step, self._time, self._next = step, time.monotonic(), step - int(gap)
        return int(largest)


class BestAndLast(ModelCheckpoint):
    """Saves `best.ckpt` by the monitored value, where ties go to the later epoch, and `last.ckpt`.

    `last.ckpt` is written after every epoch and, within an epoch, whenever that costs less than 1 % of the time. A
    signal stops training after the current step, or after the validation at the end of the epoch.
    """

    def __init__(self, folder: Path, monitor: str, mode: Literal["min", "max"]) -> None:
        super().__init__(
            dirpath=folder,
            filename="best",
            monitor=monitor,
            mode=mode,
            save_last=True,
            save_on_train_epoch_end=True,
            auto_insert_metric_name=False,
            enable_version_counter=False,
        )
        self.resumed: Path | None = None
        """The checkpoint from which this run is resumed."""
        self.row: dict[str, float] = {}
        """The values of the training epoch, which Lightning logs after the checkpoint has been written."""
        self.best_epoch: int | None = None
        """The epoch of `best.ckpt`, counted from 1."""
        self._agreement = Agreement()
        self._due = 0.0
        self._stop = 0

    @cached_property
    def state_key(self) -> str:
        """The key of Lightning, cached: Lightning rebuilds it at every hook of every step."""
        return super().state_key

    def _save_checkpoint(self, trainer: Trainer, filepath: str) -> None:
        """Writes the checkpoint, or hard-links it if this step has already been saved under the other name."""
        if Path(filepath).stem == "best":
            self.best_epoch = trainer.current_epoch + 1
        written = Path(self._last_checkpoint_saved)
        if self._last_global_step_saved != trainer.global_step or not written.is_file():
            started = time.monotonic()
            for logger in trainer.loggers:
                logger.save()  # a resumed run continues the table of metrics from this step
            super()._save_checkpoint(trainer, filepath)
            now = time.monotonic()
            self._due = now + max(_LEAST_INTERVAL, _LEAST_SHARE * (now - started))
            return
        if trainer.is_global_zero:
            link(written, Path(filepath))
        trainer.strategy.barrier()

    def state_dict(self) -> dict[str, Any]:
        """Lightning's state, the values of the training epoch and the best epoch."""
        return super().state_dict() | {"row": self.row, "best_epoch": self.best_epoch}

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Adds the training metrics of an epoch that has not ended."""
        if isinstance(pl_module, Task):
            checkpoint["epoch_metrics"] = save_states(pl_module.train_metrics)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Continues the training metrics of such an epoch."""
        if isinstance(pl_module, Task) and trainer.is_global_zero:  # the states are those of all processes
            load_states(pl_module.train_metrics, checkpoint.get("epoch_metrics", {}))

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over the checkpoints of the resumed run: `best.ckpt` beside the one that is resumed, and that one."""
        resumed, self.resumed = self.resumed, None  # the test at the end loads a state too
        if resumed is None:
            return
        folder = Path(str(self.dirpath))
        theirs, ours = resumed.with_name("best.ckpt"), folder / "best.ckpt"
        take_over = rank_zero_only(link)
        folder.mkdir(parents=True, exist_ok=True)
        take_over(resumed, folder / "last.ckpt")
        known = bool(state_dict["best_model_path"]) and theirs.is_file()
        if known:
            take_over(theirs, ours)
        best, score = (str(ours), state_dict["best_model_score"]) if known else ("", None)
        moved: dict[str, Any] = {"dirpath": self.dirpath, "best_model_path": best, "kth_best_model_path": best}
        moved |= {"best_k_models": {best: score} if known else {}, "best_model_score": score, "last_model_path": ""}
        self.best_epoch = state_dict.get("best_epoch")
        super().load_state_dict(state_dict | moved)

    def check_monitor_top_k(self, trainer: Trainer, current: Tensor | None = None) -> bool:
        """Counts a tie as better: small validation splits often tie, and the later epoch is better trained."""
        if current is not None and self.best_model_score is not None and current == self.best_model_score:
            return True
        return super().check_monitor_top_k(trainer, current)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock."""
        super().on_train_start(trainer, pl_module)
        self._due = time.monotonic() + _LEAST_INTERVAL

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Saves `last.ckpt` if it is due or a signal has come; a signal stops training.

        Not after the last step of an epoch, whose checkpoint follows after validation, and not within the accumulation
        of gradients.
        """
        signals.defer(trainer.world_size)
        if trainer.is_last_batch or (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        request = signals.requested() or (_SAVE if time.monotonic() > self._due else 0)
        if request := self._agreement.reach(trainer, request):
            self.row = {}
            self._save_last_checkpoint(trainer, self._monitor_candidates(trainer))
        if request > _SAVE:
            raise signals.Stopped(request, _RESUME)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes `last.ckpt` after every epoch; Lightning skips epochs that are not the best.

        Raises:
            ZooError: no logged value has the name of `monitor`.
        """
        names = sorted(name for name in trainer.callback_metrics if name.startswith("val/"))
        if names and self.monitor not in names:
            raise ZooError(
                f"`monitor` (={self.monitor}) of {type(pl_module).__name__} must be one of: {', '.join(names)}"
            )
        self.row = {
            name: value.item() for name, value in trainer.callback_metrics.items() if not name.startswith("val/")
        } | {"epoch": trainer.current_epoch, "step": trainer.global_step - 1}
        super().on_train_epoch_end(trainer, pl_module)
        if not self._should_skip_saving_checkpoint(trainer):  # skipped: already saved at this step
            self._save_last_checkpoint(trainer, self._monitor_candidates(trainer))
        self._stop = self._agreement.reach(trainer, signals.requested(), now=True)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stops for a signal of the last epoch, whose values are logged by now."""
        if self._stop:
            raise signals.Stopped(self._stop, _RESUME)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stops for a signal of the last epoch; later ones stop at once. Without a validation, the last is the best."""
        super().on_train_end(trainer, pl_module)
        if not self.best_model_path and self.last_model_path:
            rank_zero_only(link)(Path(self.last_model_path), Path(self.last_model_path).with_name("best.ckpt"))
            rank_zero_print("nothing was validated: best.ckpt is the last state, as last.ckpt is")
        signals.resume()
        if stop := self._stop or signals.requested():
            raise signals.Stopped(stop, _TRAINED)


class Monitored(NamedTuple):
    """The best value of what a task monitors in validation."""

    name: str
    mode: Literal["min", "max"]
    value: float
    epoch: int | None
    """The epoch of `best.ckpt`, counted from 1; None if nothing was trained."""


def monitored(trainer: Trainer, task: Task) -> Monitored | None:
    """The best value of a training, or that of the only validation; None without one."""
    saved = trainer.checkpoint_callback
    best = saved if isinstance(saved, BestAndLast) and saved.best_model_score is not None else None
    value = trainer.callback_metrics.get(task.monitor) if best is None else best.best_model_score
    if value is None:
        return None
    return Monitored(task.monitor, task.monitor_mode, float(value), best.best_epoch if best is not None else None)
