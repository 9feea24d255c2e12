"""Arguments of a network that weights determine, such as the width of a BERT or the name of a network of timm."""

from collections.abc import Mapping
from typing import Any

from zoo.config.instantiate import locate, parameters_of
from zoo.errors import ZooError
from zoo.pretrained.catalog import Source

_NORMALIZATION = ("mean", "std")


def with_sizes(config: Mapping[str, Any], source: Source) -> dict[str, Any]:
    """The configuration of a model with the arguments that the weights determine in its network and its backbone.

    A network that normalizes its images takes the mean and the standard deviation of the weights, unless it has its
    own.

    Raises:
        ZooError: the configuration sets another value.
    """
    network = config.get("network")
    if not isinstance(network, Mapping):
        return dict(config)
    return {**config, "network": _with_sizes(network, source, "model.network")}


def _with_sizes(network: Mapping[str, Any], source: Source, where: str) -> dict[str, Any]:
    takes = parameters_of(locate(network["_target_"]))
    sizes = {name: value for name, value in source.sizes.items() if name in takes}
    for name, value in sizes.items():
        if network.get(name) not in (None, value):
            raise ZooError(
                f"`{where}.{name}` (={network[name]}) contradicts {source.label}, which has {value}: leave it out, or "
                "choose a model whose file leaves it to the weights"
            )
    described = source.preprocessing or {}
    normalization = {name: list(described[name]) for name in _NORMALIZATION if name in takes and name in described}
    completed = {**normalization, **network, **sizes}
    if isinstance(backbone := network.get("backbone"), Mapping):
        completed["backbone"] = _with_sizes(backbone, source, f"{where}.backbone")
    return completed
