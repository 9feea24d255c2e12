"""The recipe of a run: the part of its configuration that a resumed run either keeps or changes openly."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pytorch_lightning import Callback, LightningModule, Trainer
from torch.optim.lr_scheduler import LambdaLR

from zoo.errors import ZooError
from zoo.run.schedule_place import set_rates

_TAKEN = ("optimizer", "scheduler", "trainer")
_KEPT = ("finetune", "pretrained", "callbacks")
_PLATEAU = "zoo.optim.Plateau"
_MISSING = object()


class Change(NamedTuple):
    """A value that differs between the run and its continuation."""

    key: str
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.key} {_text(self.before)} → {_text(self.now)}"


def recipe_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of a configuration, which every checkpoint of the run keeps."""
    return {name: config.get(name) for name in (*_TAKEN, *_KEPT)}


def changes(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """What a resumed run changes: numbers of the optimizer, the schedule, and the trainer.

    Raises:
        ZooError: a change that the state in the checkpoint `path` does not allow.
    """
    found = [change for name in (*_TAKEN, *_KEPT) for change in _changes(name, before.get(name), now.get(name))]
    for change in found:
        if not _allowed(change, plateau=_PLATEAU in (_target(before), _target(now))):
            raise ZooError(
                f"resume={path}: its `{change.key}` is {_text(change.before)}, here it is {_text(change.now)}, and a "
                f"resumed run keeps it; to train anew from these weights, give pretrained={path} in place of resume"
            )
    return found


def _target(recipe: Mapping[str, Any]) -> Any:
    return (recipe.get("scheduler") or {}).get("_target_")


def _changes(key: str, before: Any, now: Any) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in sorted({*before, *now}):
            yield from _changes(f"{key}.{name}", before.get(name, _MISSING), now.get(name, _MISSING))
    elif before != now and {_text(before), _text(now)} != {"null"}:
        yield Change(key, before, now)


def _allowed(change: Change, *, plateau: bool) -> bool:
    """Whether a change takes effect: the state of an optimizer suits its class and the options that are on."""
    group = change.key.partition(".")[0]
    if group == "scheduler":
        return not plateau
    if group == "optimizer":
        return all(_numbers(value) for value in change[1:]) and bool(change.before) == bool(change.now)
    return group == "trainer"


def _numbers(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(number, int | float) and not isinstance(number, bool) for number in values)


def _text(value: Any) -> str:
    return "null" if value is _MISSING or value is None or value in ({}, []) else str(value)


class TakeChanges(Callback):
    """Gives a restored optimizer the options of the configuration, and the rate that its schedule has at this step."""

    def __init__(self, *, new_rate: bool) -> None:
        self.new_rate = new_rate
        self._configured: list[list[dict[str, Any]]] = []

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes the options as configured; Lightning is about to restore those of the checkpoint."""
        self._configured = [
            [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
            for optimizer in trainer.optimizers
        ]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sets the options again; without a new rate, one that a plateau has reduced stays."""
        for optimizer, groups in zip(trainer.optimizers, self._configured, strict=True):
            for group, configured in zip(optimizer.param_groups, groups, strict=True):
                rate = configured["lr"] if self.new_rate else group["lr"]
                group.update(configured | {"lr": rate})
        for scheduler in (config.scheduler for config in trainer.lr_scheduler_configs):
            if isinstance(scheduler, LambdaLR):
                scheduler.base_lrs = [group["initial_lr"] for group in scheduler.optimizer.param_groups]
                set_rates(scheduler)
