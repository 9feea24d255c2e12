"""Searches the catalog by name, task and published weights."""

from fnmatch import fnmatchcase
from typing import Any

import yaml

from zoo.config import listing
from zoo.config.calls import explained_call
from zoo.config.listing import CONFIG_DIR, list_options
from zoo.errors import ZooError, unknown
from zoo.weights import shipped


@explained_call
def list_models(pattern: str = "*", *, task: str | None = None, pretrained: bool = False) -> list[str]:
    """Lists the models of the catalog, sorted by name.

    `pattern` has wildcards, as in `resnet*`. `task` keeps the models of one task, such as `detection`. `pretrained`
    keeps those with weights; `list_weights` names them.

    Raises:
        ZooError: no such task.

    >>> list_models("resnet1*", task="classification")
    ['resnet101', 'resnet152', 'resnet18']
    """
    tasks = {name: _definition(name)["task"] for name in listing.list_models()}
    if task is not None and task not in tasks.values():
        raise ZooError(unknown("task", task, set(tasks.values())))
    found = [name for name, own in tasks.items() if fnmatchcase(name, pattern) and task in (None, own)]
    return [name for name in found if not pretrained or list_weights(name)]


@explained_call
def list_weights(model: str | None = None) -> list[str]:
    """Lists the names of the weights of a model, as `pretrained` takes them: published ones, then our own.

    Without a model, lists our own weights as `load` takes them, such as `lenet5/digits`.

    Raises:
        ZooError: no such model.

    >>> list_weights("resnet50")
    ['DEFAULT', 'IMAGENET1K_V1', 'IMAGENET1K_V2']
    """
    if model is None:
        return shipped()
    if model not in listing.list_models():
        raise ZooError(unknown("model", model, listing.list_models()))
    from zoo.pretrained.catalog import weights_of  # imports torch

    return weights_of(published_as(model))


def published_as(model: str) -> str:
    """The name under which the weights of a model, or of its backbone, are published."""
    return str(_definition(model)["published_as"])


def _definition(name: str) -> dict[str, Any]:
    """The task of a model and the name of its published weights, from its file and the files that it extends."""
    content = yaml.safe_load((CONFIG_DIR / "model" / f"{name}.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = {"published_as": name}
    for parent in content.get("defaults", []):
        if isinstance(parent, str) and parent in list_options("model"):
            found |= {"task": _definition(parent)["task"]}
    if target := content.get("model", {}).get("_target_"):
        found["task"] = target.split(".")[2]
    return found | {key: content[key] for key in ("published_as",) if key in content}
