"""Weights of the same layers under other names: matched by their order and shape."""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.heads import head_paths
from zoo.pretrained.catalog import Source

COUNTER = ".num_batches_tracked"  # missing in older files and unused


def matched_by_order(network: nn.Module, source: Source) -> Source:
    """The source with the names of the network: its tensors in the order of the file, each of the network's shape.

    The head may have another number of classes.

    Raises:
        ZooError: another number of tensors, or a tensor of another shape.
    """
    ours, theirs = _ordered(network.state_dict()), _ordered(source.state)
    if len(ours) != len(theirs):
        raise ZooError(
            f"match_weights=order: {source.label} has {len(theirs)} tensors, and {type(network).__name__} has "
            f"{len(ours)}, so their order tells nothing"
        )
    heads = head_paths(network)
    for (name, target), (other, found) in zip(ours.items(), theirs.items(), strict=True):
        same = found.shape[1:] == target.shape[1:] if name.rpartition(".")[0] in heads else found.shape == target.shape
        if not same or found.ndim != target.ndim:
            raise ZooError(
                f"match_weights=order: {other} {tuple(found.shape)} of {source.label} would be {name} "
                f"{tuple(target.shape)}, and the shapes differ"
            )
    return replace(source, state=dict(zip(ours, theirs.values(), strict=True)))


def fits_by_order(network: nn.Module, source: Source) -> bool:
    """Whether `matched_by_order` would load the source."""
    try:
        matched_by_order(network, source)
    except ZooError:
        return False
    return True


def describe_match(ours: Source, theirs: Source) -> str:
    """The matched names in one line, for the console."""
    pairs = [f"{other} → {name}" for name, other in zip(_ordered(ours.state), _ordered(theirs.state), strict=True)]
    return f"matched by order and shape: {', '.join(pairs)}"


def _ordered(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.endswith(COUNTER)}
