"""The state of an interrupted training in a checkpoint: how far it had come, and whether it suits the model."""

import re
from pathlib import Path
from typing import Any, NamedTuple

from pytorch_lightning import Callback, LightningModule, Trainer

from zoo.errors import ZooError
from zoo.run.checkpointing import BestAndLast
from zoo.tasks.base import Task

_MOST = 10**9  # epochs, steps or batches
_COLUMN = re.compile(r"[\w/.-]{1,100}")
_COLUMNS = 200


class Resumed(NamedTuple):
    """A checkpoint and how far its run had come."""

    path: Path
    epochs: int
    batches: int
    """Of the epoch that had not ended."""
    steps: int
    row: dict[str, Any]
    """The values of the epoch that had just ended, which may be missing in `metrics.csv`."""


class HideStepLimit(Callback):
    """Hides `max_steps` while Lightning restores its loops: with it, they repeat an ended epoch without a batch."""

    def __init__(self) -> None:
        self._max_steps = -1

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sets no limit; the loops are restored next."""
        loop = trainer.fit_loop.epoch_loop
        self._max_steps, loop.max_steps = loop.max_steps, -1

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sets the limit again, before the first step."""
        trainer.fit_loop.epoch_loop.max_steps = self._max_steps


def progress_of(checkpoint: dict[str, Any], path: Path) -> Resumed:
    """How far the run of a checkpoint had come.

    Raises:
        ZooError: the checkpoint holds no state of a training, or absurd counts.
    """
    try:
        loop = checkpoint["loops"]["fit_loop"]
        epochs = loop["epoch_progress"]["current"]
        within = epochs["ready"] != epochs["processed"]
        batches = loop["epoch_loop.batch_progress"]["current"]["ready"] if within else 0
        states = [state for key, state in checkpoint["callbacks"].items() if key.startswith(BestAndLast.__name__)]
        row = dict(states[0].get("row", {}))
        counts = (epochs["processed"], batches, checkpoint["global_step"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ZooError(f"resume={path}: it holds a model, but not the state of its training") from error
    for count in (*counts, *_all_counts(checkpoint["loops"])):
        if type(count) is not int or not 0 <= count <= _MOST:
            raise ZooError(f"resume={path}: {count!r:.40} is no number of epochs or steps; the file was edited")
    if len(row) > _COLUMNS or not all(_is_cell(name, value) for name, value in row.items()):
        raise ZooError(f"resume={path}: its row of metrics.csv holds other values than numbers; the file was edited")
    return Resumed(path, *counts, row)


def require_training_state(checkpoint: dict[str, Any], task: Task, path: Path) -> None:
    """Checks that there is the state of an optimizer; whether its shapes fit shows in the first step.

    Raises:
        ZooError: there is none.
    """
    states = checkpoint.get("optimizer_states")
    trained = any(parameter.requires_grad for parameter in task.parameters())
    if not isinstance(states, list) or not all(isinstance(each, dict) for each in states) or (trained and not states):
        raise ZooError(f"resume={path}: it holds no state of an optimizer: give pretrained={path} in its place")
    for state in states:
        if not isinstance(state.get("state"), dict) or not isinstance(state.get("param_groups"), list):
            raise ZooError(f"resume={path}: the state of its optimizer is none; the file was edited")


def _all_counts(loops: Any) -> list[Any]:
    """Every number of the loops."""
    if isinstance(loops, dict):
        return [count for value in loops.values() for count in _all_counts(value)]
    return [loops] if isinstance(loops, int | float) and not isinstance(loops, bool) else []


def _is_cell(name: Any, value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(name, str) and _COLUMN.fullmatch(name) is not None and is_number
