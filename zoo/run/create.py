"""Builds models of the catalog by name, without data, with or without pretrained weights."""

import inspect
from collections.abc import Mapping
from typing import Any

from zoo.config.compose import compose, to_dict
from zoo.config.instantiate import complete, locate
from zoo.config.listing import list_models
from zoo.errors import ZooError, unknown
from zoo.pretrained.transfer import load_pretrained
from zoo.run.build import build_task
from zoo.tasks.base import Task


def create_model(name: str, *, pretrained: str | None = None, **metadata: Any) -> Task:
    """Builds a model of the catalog as a LightningModule in training mode, as torchvision and timm do.

    `pretrained` is the name of published weights or a path. `metadata` are values that a data module would give
    (`num_classes`, `in_channels`, `image_size`, …); the defaults of the network apply otherwise. Call `eval()` on it
    before calling it on tensors; `zoo.predict` does.

    Raises:
        ZooError: no such model, weights or argument.

    >>> create_model("lenet5", num_classes=7).network.classifier[-1].out_features
    7
    """
    composed = _composed(name)
    task = build_task(_completed(composed["model"], metadata), {}, {"model": name})
    if pretrained is not None:
        published_as = composed.get("published_as", name)
        keep = task.measured_metadata & metadata.keys()  # explicit values win over those of the weights
        load_pretrained(task, pretrained, model=published_as, keep=keep)
    return task


def catalog_config(name: str, **metadata: Any) -> dict[str, Any]:
    """The configuration of a model of the catalog, completed with `metadata` and the defaults of its network.

    Raises:
        ZooError: no such model or argument.
    """
    return _completed(_composed(name)["model"], metadata)


def _composed(name: str) -> dict[str, Any]:
    if name not in list_models():
        raise ZooError(unknown("model", name, list_models()))
    return to_dict(compose([f"model={name}"]))


def _completed(config: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    readers = _readers(config)
    for name in metadata:
        if name not in readers:
            raise ZooError(unknown("argument", name, sorted(readers)))
    completed = complete(config, _defaults(config["network"]) | metadata, "model")
    assert isinstance(completed, dict)
    return completed


def _readers(config: Any) -> set[str]:
    """Arguments of the classes in a configuration that it does not set."""
    if not isinstance(config, Mapping):
        return set()
    names: set[str] = set().union(*(_readers(value) for value in config.values()))
    if "_target_" in config:
        names |= set(inspect.signature(locate(config["_target_"])).parameters) - set(config)
    return names


def _defaults(network: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults and the configured values of the network, for arguments of the task with the same names."""
    parameters = inspect.signature(locate(network["_target_"])).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
    return defaults | {
        key: value for key, value in network.items() if not key.startswith("_") and not isinstance(value, Mapping)
    }
