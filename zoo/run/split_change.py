"""Whether a test split may hold samples that the model was trained on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from zoo.data.base import DataModule

_PLACES = ("_target_", "root", "path", "name")
"""Options that name the data: another value means other samples."""
_PATHS = ("root", "path")


@runtime_checkable
class WithDigest(Protocol):
    """A split that computes a hash of its samples."""

    def digest(self) -> str:
        """Differs if a sample or the order of the samples differs."""


def is_other_data(card: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    """Whether a configuration of data names other samples than those of the checkpoint with this card.

    Shared weights name no paths: theirs count as the same.
    """
    known = card.get("data_config") or {}
    return not known or any(_place(known, name) != _place(described, name) for name in _PLACES if name in known)


def split_change(card: Mapping[str, Any], described: Mapping[str, Any], datamodule: DataModule) -> str | None:
    """A sentence on the data of a checkpoint that is split in another way than in training; None if it is not.

    `card` is that of the checkpoint, `described` the configuration of `datamodule`.
    """
    if is_other_data(card, described):
        return None
    known = card["data_config"]
    after = "test samples may have been trained on, and figures are too good by that"
    if changed := [name for name in known if _splits(name) and known[name] != described.get(name)]:
        verb = "differs" if len(changed) == 1 else "differ"
        listed = ", ".join(f"data.{name}" for name in changed)
        return f"{listed} {verb} from training: where the samples are split by it, {after}"
    now = describe_training(datamodule)
    then = {name: card.get(name) for name in now}
    if then["train_count"] not in (None, now["train_count"]):
        counts = f"{then['train_count']:,} training samples then, {now['train_count']:,} now"
        return f"the data has changed since training ({counts}): {after}"
    if then["train_digest"] not in (None, now["train_digest"]):
        return f"the data has changed since training (other training samples, or in another order): {after}"
    return None


def describe_training(datamodule: DataModule) -> dict[str, Any]:
    """The number of training samples, and a hash of them where the data computes one: for the card of a model."""
    split = datamodule.dataset("train")
    digest = split.digest() if isinstance(split, WithDigest) else None
    return {"train_count": len(split), "train_digest": digest}


def _place(described: Mapping[str, Any], name: str) -> Any:
    """The value of an option; a path in full, however it is written."""
    value = described.get(name)
    return str(Path(value).expanduser().resolve()) if name in _PATHS and isinstance(value, str) else value


def _splits(name: str) -> bool:
    return name in ("seed", "split", "split_by", "val", "test") or name.endswith(("_fraction", "_share"))
