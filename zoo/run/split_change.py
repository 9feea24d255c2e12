"""Whether a test split may hold samples that the model was trained on."""

from collections.abc import Mapping
from typing import Any

from zoo.data.base import DataModule

_PLACES = ("_target_", "root", "path", "name")
"""Options that name the data: another value means other samples."""


def is_other_data(card: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    """Whether a configuration of data names other samples than those of the checkpoint with this card.

    Shared weights name no paths: theirs count as the same.
    """
    known = card.get("data_config") or {}
    return not known or any(known[name] != described.get(name) for name in _PLACES if name in known)


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
    then, now = card.get("train_samples"), len(datamodule.dataset("train"))
    if then is not None and then != now:
        return f"the data has changed since training ({then:,} training samples then, {now:,} now): {after}"
    return None


def _splits(name: str) -> bool:
    return name in ("seed", "split", "split_by", "val", "test") or name.endswith(("_fraction", "_share"))
