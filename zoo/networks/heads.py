"""Finds the head of a network, and the features that it reads."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Float, Shaped
from torch import Tensor, nn


class HeadLayout(NamedTuple):
    """The order of the rows in the weight of a head."""

    blocks: int = 1
    """Number of equal blocks, one for each anchor of a detector."""
    offset: int = 0
    """Number of classes or other values in a block before those of the data."""
    values: int = 1
    """Number of rows for each class, such as 4 for boxes of their own."""


def layout_of(network: nn.Module, head: str) -> HeadLayout:
    """Returns the layout of a head: the entry in the network's `head_layouts`, or its `head_layout` for all heads."""
    layouts: dict[str, HeadLayout] = getattr(network, "head_layouts", {})
    return layouts.get(head, getattr(network, "head_layout", HeadLayout()))


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


def head_inputs(
    forward: Callable[[Tensor], Any], network: nn.Module, images: Shaped[Tensor, "b c *size"]
) -> Float[Tensor, "b d"]:
    """Returns the flattened inputs of the network's main head, while `forward` runs it on images."""
    read: list[Tensor] = []
    head = network.get_submodule(head_paths(network)[0])
    hook = head.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0].flatten(1)))
    try:
        forward(images)
    finally:
        hook.remove()
    return read[0]
