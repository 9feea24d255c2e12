"""Which layers of a network are its head."""

from torch import nn


def head_paths(network: nn.Module) -> tuple[str, ...]:
    """Module paths of the layers with one output per class, the main one first.

    They are what the network names in `heads`, else its last linear layer, else its last layer with weights. A
    network built without its auxiliary heads still names them.
    """
    named: tuple[str, ...] | None = getattr(network, "heads", None)
    if named is not None:
        return tuple(named)
    weighted = [(name, m) for name, m in network.named_modules() if any(True for _ in m.parameters(recurse=False))]
    linear = [name for name, module in weighted if isinstance(module, nn.Linear)]
    return tuple(linear[-1:] or [name for name, _ in weighted[-1:]])
