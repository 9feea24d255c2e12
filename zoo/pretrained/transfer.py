"""Loads external weights: adapts the head and the stem, reports new layers, rejects everything else."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.heads import HeadLayout, head_paths, layout_of
from zoo.pretrained.by_order import COUNTER, describe_match, fits_by_order, matched_by_order
from zoo.pretrained.catalog import Source, resolve_weights
from zoo.pretrained.destination import destination
from zoo.tasks.base import Task
from zoo.tensor_files.weights import require_plain_tensor


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
    source: Source | str | Path,
    *,
    model: str = "",
    class_names: Sequence[str] | None = None,
    keep: Collection[str] | None = None,
    match: Literal["name", "order"] = "name",
) -> list[str]:
    """Loads weights into the task's network and returns console lines: loaded, newly initialized, left over.

    `source` may also be a file, or the name of weights that are published for `model` of the catalog. With `match` of
    order, its tensors are those of the network in the same order, whatever their names.
    A head for other classes keeps the rows of `class_names` found in the source; the other rows stay newly
    initialized. A first convolution for another number of channels is adapted. Buffers in `keep` are not loaded; by
    default these are the task's `measured_metadata`, such as the anchors of a detector. The card of the task gets the
    preprocessing, and the class names if the full head was loaded, unless the data has set them. Weights of a part that
    is not the network, such as what a loss looks at, bring no class names.

    Raises:
        ZooError: no such weights, an unsafe file, unexpected, missing or mismatched tensors, or rows of others.
    """
    if not isinstance(source, Source):
        source = resolve_weights(source, model=model)
    for name in task.row_names:
        if name in task.card and source.card.get(name) != task.card[name]:
            raise ZooError(
                f"the rows of {source.label} are those of other {name}, or in another order: train on the same data, "
                "with the `data.seed` of these weights"
            )
    network, source = destination(task.pretrained_part, source)
    matched: list[str] = []
    if match == "order":
        theirs, source = source, matched_by_order(network, source)
        matched = [describe_match(source, theirs)]
    report = transfer_weights(
        network, source, class_names=class_names, keep=task.measured_metadata if keep is None else keep
    )
    report.left_over += [f"{name}, beside the network" for name in _summarized(source.left_out)]
    card: dict[str, Any] = {"preprocessing": dict(source.preprocessing)} if source.preprocessing else {}
    if source.class_names and not report.new and task.pretrained_part is task.network:
        card["class_names"] = list(source.class_names)
    task.card = card | task.card
    task.newly_initialized = tuple(report.new)
    return report.lines(source.label) + matched


def _summarized(keys: Sequence[str]) -> list[str]:
    """The keys, or one entry for each module if there are many."""
    tops = Counter(key.partition(".")[0] for key in keys)
    return list(keys) if len(keys) <= 3 else [f"{count} tensors of {top}" for top, count in tops.items()]


def transfer_weights(
    network: nn.Module, source: Source, *, class_names: Sequence[str] | None, keep: Collection[str] = ()
) -> Report:
    """Copies matching tensors into `network`, except the buffers in `keep`.

    Raises:
        ZooError: unexpected, missing or mismatched tensors; the network is unchanged.
    """
    report = Report()
    heads = head_paths(network)
    optional: tuple[str, ...] = getattr(network, "optional", ())
    absent: set[str] = set()
    layouts = {head: layout_of(network, head) for head in heads}
    state = network.state_dict()
    result: dict[str, Tensor] = {}
    wrong: list[str] = []
    first = next((name for name, m in network.named_modules() if isinstance(m, nn.Conv2d)), "")
    for key, target in state.items():
        module = key.rpartition(".")[0]
        found = source.state.get(key)
        absent_head = found is None and f"{module}.weight" not in source.state
        if module in heads and (absent_head or (found is not None and _same_head(target, found, layouts[module]))):
            result[key] = _head_rows(target, found, class_names, source.class_names, layouts[module])
            report.loaded += result[key] is found
        elif key in keep and found is not None and found.shape == target.shape and not found.equal(target.to(found)):
            report.adapted.append(f"{key} kept from this model")
        elif found is not None and found.shape == target.shape:
            result[key] = found
            report.loaded += 1
        elif found is not None and key == f"{first}.weight" and found.shape[2:] == target.shape[2:]:
            result[key] = _other_channels(found, target.shape[1])
            report.loaded += 1
            report.adapted.append(f"{first} adapted from {found.shape[1]} to {target.shape[1]} channels")
        elif found is None and (key.endswith(COUNTER) or _belongs_to_auxiliary_head(module, heads)):
            continue
        elif found is None and (part := _part(key, optional)) is not None:
            absent.add(part)
        else:
            wrong.append(f"{key} {_shape(target)} is {'missing' if found is None else _shape(found)}")
    shown = {head: layout for head, layout in layouts.items() if _part(head, optional) not in absent}
    _report_heads(report, state, source, shown, result, class_names)
    report.new += [f"{part}, which the weights lack" for part in sorted(absent)]
    surplus = [key for key in source.state if key not in state]
    unexplained = [
        key for key in surplus if _part(key, optional) is None and not _belongs_to_left_out_layer(key, network, heads)
    ]
    wrong += [f"{key} {_shape(source.state[key])} has no place" for key in unexplained]
    if wrong:
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        if any(key not in source.state for key in state) and fits_by_order(network, source):
            more += "; the tensors fit by order and shape: match_weights=order takes them so"
        raise ZooError(f"{source.label} does not fit {type(network).__name__}: {', '.join(wrong[:3])}{more}")
    if surplus:
        tops = sorted({key.partition(".")[0] for key in surplus})
        report.left_over.append(f"{len(surplus)} tensors of {', '.join(tops)}, which this network is built without")
    for key, value in result.items():
        require_plain_tensor(source.label, key, value, like=state[key])
    network.load_state_dict(result, strict=False)
    return report


def _same_head(target: Tensor, found: Tensor, layout: HeadLayout) -> bool:
    """Whether two heads differ only in the number of classes."""
    blocks, offset, values = layout
    same = found.shape[1:] == target.shape[1:] and not len(found) % (blocks * values)
    return same and len(found) >= blocks * offset * values


def _head_rows(
    target: Tensor,
    found: Tensor | None,
    names: Sequence[str] | None,
    source_names: Sequence[str] | None,
    layout: HeadLayout,
) -> Tensor:
    """Returns rows of the source for the classes of both, and those of the target for its other classes.

    All rows are those of the source if the classes are unknown or equal.
    """
    if found is None:
        return target
    unnamed = names is None or source_names is None
    if found.shape == target.shape and (unnamed or list(names or ()) == list(source_names or ())):
        return found
    blocks, offset, values = layout
    rows, loaded = (tensor.unflatten(0, (blocks, -1, values)) for tensor in (target.clone(), found))
    rows[:, :offset] = loaded[:, :offset]
    for row, source_row in _matches(names or (), source_names or ()):
        rows[:, offset + row] = loaded[:, offset + source_row]
    return rows.flatten(0, 2)


def _matches(names: Sequence[str], source_names: Sequence[str]) -> list[tuple[int, int]]:
    """Positions of the classes found in both lists, regardless of case."""
    places = {name.casefold(): i for i, name in reversed(list(enumerate(source_names)))}
    return [(i, places[n.casefold()]) for i, n in enumerate(names) if n.casefold() in places]


def _report_heads(
    report: Report,
    state: Mapping[str, Tensor],
    source: Source,
    layouts: Mapping[str, HeadLayout],
    result: Mapping[str, Tensor],
    names: Sequence[str] | None,
) -> None:
    for head, (blocks, offset, values) in layouts.items():
        key = f"{head}.weight"
        found = source.state.get(key)
        if key not in result or result[key] is found:
            continue
        if found is None:
            report.new.append(f"{head} ({len(state[key])} outputs), which the weights lack")
            continue
        old, new = (len(weight) // (blocks * values) - offset for weight in (found, state[key]))
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


def _part(key: str, optional: Sequence[str]) -> str | None:
    """The module among a network's `optional` ones that has a tensor: weights may lack it, or have it in surplus."""
    return next((part for part in optional if key.startswith(f"{part}.")), None)


def _belongs_to_auxiliary_head(module: str, heads: Sequence[str]) -> bool:
    """Whether a module belongs to an auxiliary head, which weights may lack."""
    first, *others = [head.partition(".")[0] for head in heads] or [""]
    return module.partition(".")[0] in set(others) - {first}


def _belongs_to_left_out_layer(key: str, network: nn.Module, heads: Sequence[str]) -> bool:
    """Whether an unexpected tensor belongs to a layer that this network was built without."""
    module = key.rpartition(".")[0]
    if key.endswith(COUNTER) or _belongs_to_auxiliary_head(module, heads):
        return True
    parts = key.split(".")
    paths = [".".join(parts[: i + 1]) for i in range(len(parts) - 1)]
    modules = dict(network.named_modules())
    return any(type(modules.get(path)) is nn.Identity for path in paths)


def _shape(tensor: Tensor) -> str:
    return "×".join(str(side) for side in tensor.shape) or "scalar"
