"""Arguments of a network that come with weights: its sizes, and the options that a checkpoint was trained with.

Options such as an activation or a pooling have no tensors: without them, weights fit another network.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import torch

from zoo.config.instantiate import complete, instantiate, locate, parameters_of
from zoo.errors import ZooError
from zoo.pretrained.catalog import Source
from zoo.tensor_files.few_parts import few_parts

_NORMALIZATION = ("mean", "std")
_OF_A_RUN = ("features", "checkpointing", "glorot")  # what a network returns, how it saves memory, how it starts
_LARGER, _SLACK = 4, 50_000_000
"""How many more parameters than its file a network may have, such as a head of more classes: a factor and a number."""


class Option(NamedTuple):
    """An option of a network: as configured, None if it is left out, and as in the weights."""

    name: str
    given: Any
    trained: Any


def with_sizes(config: Mapping[str, Any], source: Source, metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The configuration of a model with the arguments of the weights in its network and its backbone.

    Options that the configuration leaves out are those of the weights; those in `metadata` are the data's. A network
    that normalizes its images takes the mean and the standard deviation of the weights, unless it has its own.

    Raises:
        ZooError: the configuration sets another size, or the options describe a much larger network than the weights.
    """
    network = config.get("network")
    if not isinstance(network, Mapping):
        return dict(config)
    known = metadata or {}
    completed = _with_sizes(network, source, "model.network", known)
    if any(option.given is None for option in options_of(config, source, known)):
        _require_moderate(completed, source, known)
    return {**config, "network": completed}


def options_of(config: Mapping[str, Any], source: Source, metadata: Collection[str]) -> list[Option]:
    """The options of a network in which a configuration and the weights differ."""
    found: list[Option] = []
    part = config.get("network")
    while isinstance(part, Mapping):
        found += _options(part, source, metadata)
        part = part.get("backbone")
    return found


def describe_options(config: Mapping[str, Any], source: Source, metadata: Collection[str]) -> list[str]:
    """Console lines: the options that are those of the weights, and those that are not."""
    options = options_of(config, source, metadata)
    taken = [f"{option.name} {option.trained}" for option in options if option.given is None]
    other = [
        f"{option.name} {option.given} ({option.trained} in training)" for option in options if option.given is not None
    ]
    lines = [f"network as in {source.label}: {', '.join(taken)}"] if taken else []
    return lines + ([f"network other than in {source.label}: {', '.join(other)}"] if other else [])


def _options(network: Mapping[str, Any], source: Source, metadata: Collection[str]) -> Iterator[Option]:
    takes = parameters_of(locate(network["_target_"]))
    for name, trained in source.options.get(network["_target_"], {}).items():
        if name in takes and name not in metadata and name not in (*_OF_A_RUN, *_NORMALIZATION, *source.sizes):
            given = network.get(name)
            if trained is not None and given != trained:
                yield Option(name, given, trained)


def _with_sizes(network: Mapping[str, Any], source: Source, where: str, metadata: Collection[str]) -> dict[str, Any]:
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
    trained = {option.name: option.trained for option in _options(network, source, metadata) if option.given is None}
    completed = {**normalization, **network, **trained, **sizes}
    if isinstance(backbone := network.get("backbone"), Mapping):
        completed["backbone"] = _with_sizes(backbone, source, f"{where}.backbone", metadata)
    return completed


def _require_moderate(network: Mapping[str, Any], source: Source, metadata: Mapping[str, Any]) -> None:
    """Builds the network without memory, since its options are those of a file."""
    held = sum(tensor.numel() for tensor in source.state.values())
    try:
        with torch.device("meta"), few_parts(len(source.state), source.label):
            built = instantiate(complete(network, metadata))
        count = sum(value.numel() for value in built.parameters())
    except ZooError:
        raise
    except Exception as error:
        raise ZooError(
            f"the options of {source.label} build no network ({type(error).__name__}: {error:.200})"
        ) from error
    if count > _LARGER * held + _SLACK:
        raise ZooError(f"{source.label} describes a network of {count:,} parameters and holds {held:,}")
