"""Finds the head of a network."""

from typing import NamedTuple

from torch import nn


class HeadLayout(NamedTuple):
    """The order of the rows in the weight of a head."""

    blocks: int = 1
    """Number of equal blocks, one for each anchor of a detector."""
    offset: int = 0
    """Number of rows in a block before those of the classes."""


def head_paths(network: nn.Module) -> tuple[str, ...]:
    """Returns the module paths of the layers with one output per class, the main head first.

    They are the network's `heads`; without this attribute, its last linear layer, or else its last layer with weights.
    `heads` lists auxiliary heads even if the network was built without them.
    """
    named: tuple[str, ...] | None = getattr(network, "heads", None)
    if named is not None:
        return tuple(named)
    weighted = [(name, m) for name, m in network.named_modules() if any(True for _ in m.parameters(recurse=False))]
    linear = [name for name, module in weighted if isinstance(module, nn.Linear)]
    return tuple(linear[-1:] or [name for name, _ in weighted[-1:]])
