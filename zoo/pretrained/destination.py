"""Finds the network that weights are for, and their names in it."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from torch import nn

from zoo.errors import ZooError
from zoo.pretrained.catalog import BESIDE, Source

_PREFERRED = ("model", "module", "network", "net")
_SHARE = 0.5  # of the names of a network that a prefix must explain


def destination(network: nn.Module, source: Source) -> tuple[nn.Module, Source]:
    """The network, or the backbone in it that has tensors of the source; and the source under the names there.

    Weights of a classifier go to a backbone. A network around one of another library has a `published_name`, which maps
    the names of tensors in its files to ours.
    """
    beside = [key for key in source.state if key.partition(".")[0] in BESIDE or key.rpartition(".")[2] in BESIDE]
    if beside and not set(beside) & network.state_dict().keys():
        own = {key: tensor for key, tensor in source.state.items() if key not in beside}
        source = replace(source, state=own, left_out=[*source.left_out, *beside])
    parts = [network]
    while isinstance(inner := getattr(parts[-1], "backbone", None), nn.Module):
        parts.append(inner)
    for part in parts:
        for renamed in (str, getattr(part, "published_name", str)):
            state = {renamed(name): tensor for name, tensor in source.state.items()}
            if not state.keys().isdisjoint(part.state_dict()):
                return part, replace(source, state=state)
    for part in parts:
        if (found := _below_prefix(source, part.state_dict().keys())) is not None:
            return part, found
    named = any(key.startswith("backbone.") for key in source.state)
    return (network if named else parts[:2][-1]), source  # other names: the error tells them, or order matches them


def _below_prefix(source: Source, names: Collection[str]) -> Source | None:
    """The tensors of the source below the prefix with most of `names`, such as `encoder.`; None if there is no such.

    The other tensors are left out. Among copies of a network, such as its moving average, that of a `model` is taken.

    Raises:
        ZooError: several copies, none of which is called so.
    """
    counts: Counter[str] = Counter()
    for key in source.state:
        parts = key.split(".")
        for cut in range(1, len(parts)):
            counts[".".join(parts[:cut])] += ".".join(parts[cut:]) in names
    most = max(counts.values(), default=0)
    if most < _SHARE * len(names):
        return None
    copies = [prefix for prefix, count in counts.items() if count == most]
    preferred = [prefix for prefix in copies if prefix.split(".")[0] in _PREFERRED]
    if len(copies) > 1 and len(preferred) != 1:
        raise ZooError(f"{source.label} holds several networks: {', '.join(copies)}; save the one that is meant")
    start = f"{(preferred if len(copies) > 1 else copies)[0]}."
    state = {key.removeprefix(start): tensor for key, tensor in source.state.items() if key.startswith(start)}
    left_out = [key for key in source.state if not key.startswith(start)]
    return replace(source, state=state, left_out=[*source.left_out, *left_out])
