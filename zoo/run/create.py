"""Models of the catalogue without data: built by name, with pretrained weights."""

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


def create_model(name: str, *, pretrained: str | None = None, **facts: Any) -> Task:
    """A model of the catalogue as a LightningModule, ready to be called, trained or fine-tuned.

    `pretrained` names published weights or a file of weights; `facts` are what data would say of itself
    (`num_classes`, `in_channels`, `image_size`, …), where the network's own defaults do not fit.

    Raises:
        ZooError: no such model, weights or fact.

    >>> create_model("lenet5", num_classes=7).network.classifier[-1].out_features
    7
    """
    composed = _composed(name)
    task = build_task(_completed(composed["model"], facts), {}, {"model": name})
    if pretrained is not None:
        published_as = composed["published_as"] or name
        keep = task.measured_metadata & facts.keys()  # nothing was measured here
        load_pretrained(task, pretrained, model=published_as, keep=keep)
    return task.eval()


def catalogue_config(name: str, **facts: Any) -> dict[str, Any]:
    """The completed configuration of a model of the catalogue, from `facts` and the network's own defaults.

    Raises:
        ZooError: no such model or fact.
    """
    return _completed(_composed(name)["model"], facts)


def _composed(name: str) -> dict[str, Any]:
    if name not in list_models():
        raise ZooError(unknown("model", name, list_models()))
    return to_dict(compose([f"model={name}"]))


def _completed(config: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    readers = _readers(config)
    for fact in facts:
        if fact not in readers:
            raise ZooError(unknown("argument", fact, sorted(readers)))
    completed = complete(config, _defaults(config["network"]) | facts, "model")
    assert isinstance(completed, dict)
    return completed


def _readers(config: Any) -> set[str]:
    """Arguments that a configuration's classes take and that it leaves open."""
    if not isinstance(config, Mapping):
        return set()
    names: set[str] = set().union(*(_readers(value) for value in config.values()))
    if "_target_" in config:
        names |= set(inspect.signature(locate(config["_target_"])).parameters) - set(config)
    return names


def _defaults(network: Mapping[str, Any]) -> dict[str, Any]:
    """What the network says of itself when nobody tells it, for the task's own arguments of the same name."""
    parameters = inspect.signature(locate(network["_target_"])).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
    return defaults | {
        key: value for key, value in network.items() if not key.startswith("_") and not isinstance(value, Mapping)
    }
