"""Loads external weights: adapts the head and the stem, reports new layers, rejects everything else."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from zoo.data.base import DataModule
from zoo.errors import ZooError
from zoo.networks.heads import head_paths
from zoo.pretrained.catalog import Source, resolve_weights
from zoo.tasks.base import Task

Layout = tuple[int, int]
"""Number of row blocks in a head's weight, and of rows before those of the classes in each block."""
_COUNTER = ".num_batches_tracked"  # missing in older files and unused


@dataclass
class Report:
    """The outcome for each tensor."""

    loaded: int = 0
    adapted: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)

    def lines(self, label: str) -> list[str]:
        """Three console lines: loaded, newly initialized, left over."""
        return [
            "; ".join([f"loaded: {self.loaded} tensors of {label}", *self.adapted]),
            f"newly initialized: {'; '.join(self.new) or 'nothing'}",
            f"left over: {'; '.join(self.left_over) or 'nothing'}",
        ]


def load_pretrained(
    task: Task,
    source: str | Path | Source,
    *,
    model: str,
    class_names: Sequence[str] | None = None,
    keep: Collection[str] | None = None,
) -> list[str]:
    """Loads published weights or a file into the task's network and returns three report lines.

    A head for other classes keeps the rows of `class_names` found in the source; the other rows stay newly
    initialized. A first convolution for another number of channels is adapted. Buffers in `keep` are not loaded; by
    default these are the task's `measured_metadata`, such as the anchors of a detector. The card of the task gets the
    preprocessing, and the class names if the full head was loaded, unless the data has set them.

    Raises:
        ZooError: no such weights, an unsafe file, or unexpected, missing or mismatched tensors.
    """
    found = source if isinstance(source, Source) else resolve_weights(source, model=model)
    network: Any = task.network
    if hasattr(network, "backbone") and not any(key.startswith("backbone.") for key in found.state):
        network = network.backbone  # weights of a classifier that is the backbone here
    report = transfer_weights(
        network, found, class_names=class_names, keep=task.measured_metadata if keep is None else keep
    )
    known: dict[str, Any] = {"preprocessing": dict(found.preprocessing)} if found.preprocessing else {}
    if found.class_names and not report.new:
        known["class_names"] = list(found.class_names)
    task.card = known | task.card
    return report.lines(found.label)


def normalize_as(datamodule: DataModule, preprocessing: Mapping[str, Any] | None) -> bool:
    """Normalizes data with the mean and std of the weights; returns whether the data module adopted them."""
    return preprocessing is not None and datamodule.normalize_as(preprocessing)


def transfer_weights(
    network: nn.Module, source: Source, *, class_names: Sequence[str] | None, keep: Collection[str] = ()
) -> Report:
    """Copies matching tensors into `network`, except the buffers in `keep`.

    Raises:
        ZooError: unexpected, missing or mismatched tensors; the network is unchanged.
    """
    report = Report()
    heads = head_paths(network)
    layout: Layout = getattr(network, "head_layout", (1, 0))
    own = network.state_dict()
    result: dict[str, Tensor] = {}
    wrong: list[str] = []
    first = next((name for name, m in network.named_modules() if isinstance(m, nn.Conv2d)), "")
    for key, mine in own.items():
        module = key.rpartition(".")[0]
        theirs = source.state.get(key)
        if module in heads and (theirs is None or _same_head(mine, theirs, layout)):
            result[key] = _head_rows(mine, theirs, class_names, source.class_names, layout)
            report.loaded += result[key] is theirs
        elif key in keep and theirs is not None and theirs.shape == mine.shape and not theirs.equal(mine.to(theirs)):
            report.adapted.append(f"{key} are this model's own")
        elif theirs is not None and theirs.shape == mine.shape:
            result[key] = theirs
            report.loaded += 1
        elif theirs is not None and key == f"{first}.weight" and theirs.shape[2:] == mine.shape[2:]:
            result[key] = _other_channels(theirs, mine.shape[1])
            report.loaded += 1
            report.adapted.append(f"{first} adapted from {theirs.shape[1]} to {mine.shape[1]} channels")
        elif theirs is None and (key.endswith(_COUNTER) or _optional(module, heads)):
            continue
        else:
            wrong.append(f"{key} {_shape(mine)} is {'missing' if theirs is None else _shape(theirs)}")
    _report_heads(report, own, source, heads, result, class_names, layout)
    surplus = [key for key in source.state if key not in own]
    unexplained = [key for key in surplus if not _explained(key, network, heads)]
    wrong += [f"{key} {_shape(source.state[key])} has no place" for key in unexplained]
    if wrong:
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise ZooError(f"{source.label} does not fit {type(network).__name__}: {', '.join(wrong[:3])}{more}")
    if surplus:
        tops = sorted({key.partition(".")[0] for key in surplus})
        report.left_over.append(f"{len(surplus)} tensors of {', '.join(tops)}, which this network is built without")
    network.load_state_dict(result, strict=False)
    return report


def _same_head(mine: Tensor, theirs: Tensor, layout: Layout) -> bool:
    """Whether two heads differ only in the number of classes."""
    blocks, before = layout
    return theirs.shape[1:] == mine.shape[1:] and not len(theirs) % blocks and len(theirs) >= blocks * before


def _head_rows(
    mine: Tensor,
    theirs: Tensor | None,
    names: Sequence[str] | None,
    their_names: Sequence[str] | None,
    layout: Layout,
) -> Tensor:
    """Copies rows of classes found in both; keeps ours for the rest.

    The full head is copied if the classes are unknown or equal.
    """
    if theirs is None:
        return mine
    unnamed = names is None or their_names is None
    if theirs.shape == mine.shape and (unnamed or list(names or ()) == list(their_names or ())):
        return theirs
    blocks, before = layout
    rows, others = mine.clone().unflatten(0, (blocks, -1)), theirs.unflatten(0, (blocks, -1))
    rows[:, :before] = others[:, :before]
    for ours_at, theirs_at in _matches(names or (), their_names or ()):
        rows[:, before + ours_at] = others[:, before + theirs_at]
    return rows.flatten(0, 1)


def _matches(names: Sequence[str], their_names: Sequence[str]) -> list[tuple[int, int]]:
    places = {name.casefold(): i for i, name in reversed(list(enumerate(their_names)))}
    return [(i, places[n.casefold()]) for i, n in enumerate(names) if n.casefold() in places]


def _report_heads(
    report: Report,
    own: Mapping[str, Tensor],
    source: Source,
    heads: Sequence[str],
    result: Mapping[str, Tensor],
    names: Sequence[str] | None,
    layout: Layout,
) -> None:
    blocks, before = layout
    for head in heads:
        key = f"{head}.weight"
        theirs = source.state.get(key)
        if key not in result or result[key] is theirs:
            continue
        if theirs is None:
            report.new.append(f"{head} ({len(own[key])} outputs), which the weights lack")
            continue
        old, new = (len(weight) // blocks - before for weight in (theirs, own[key]))
        line = f"{head} {old}→{new} {'outputs' if names is None else 'classes'}"
        if names is not None and source.class_names is not None:
            kept = _matches(names, source.class_names)
            line += f", {len(kept)} rows kept by name" + (f" ({names[kept[0][0]]}, …)" if kept else "")
        report.new.append(line)


def _other_channels(weight: Tensor, channels: int) -> Tensor:
    """Adapts filters to another number of channels: summed for one, otherwise repeated and rescaled to the same sum."""
    if channels == 1:
        return weight.sum(1, keepdim=True)
    copies = -(-channels // weight.shape[1])
    return weight.repeat(1, copies, 1, 1)[:, :channels] * (weight.shape[1] / channels)


def _optional(module: str, heads: Sequence[str]) -> bool:
    """Whether a module belongs to an auxiliary head, which weights may lack."""
    first, *others = [head.partition(".")[0] for head in heads] or [""]
    return module.partition(".")[0] in set(others) - {first}


def _explained(key: str, network: nn.Module, heads: Sequence[str]) -> bool:
    """Whether an unexpected tensor belongs to a layer that this network was built without."""
    module = key.rpartition(".")[0]
    if key.endswith(_COUNTER) or _optional(module, heads):
        return True
    parts = key.split(".")
    paths = [".".join(parts[: i + 1]) for i in range(len(parts) - 1)]
    known = dict(network.named_modules())
    return any(type(known.get(path)) is nn.Identity for path in paths)


def _shape(tensor: Tensor) -> str:
    return "×".join(str(side) for side in tensor.shape) or "scalar"
