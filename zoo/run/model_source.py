"""The model that a command uses: of a checkpoint, or of the catalog with published weights."""

from collections.abc import Mapping
from typing import Any

from zoo.checkpoints.load import load
from zoo.errors import ZooError
from zoo.run.catalog import list_weights
from zoo.run.create import create_model
from zoo.tasks.base import Task
from zoo.weights import shipped_folder


def requested_model(config: Mapping[str, Any]) -> Task:
    """Loads `checkpoint`, or builds the option `model` with the weights `pretrained`, in eval mode on the CPU.

    Raises:
        ZooError: none or both are given, there is no such checkpoint, model or file of weights, or it lacks a head.
    """
    checkpoint, pretrained, model = config["checkpoint"], config["pretrained"], config["options"].get("model")
    if checkpoint is not None:
        if model is not None or pretrained is not None:
            raise ZooError("`checkpoint` holds a model with its weights: leave out model=… and pretrained=…")
        return load(checkpoint, trust=config["trust"])
    if model is None:
        raise ZooError(
            "`checkpoint` is not given: add checkpoint=… to the command, or model=… and pretrained=… for published "
            "weights"
        )
    if str(model).endswith((".ckpt", ".pt", ".pth")):
        raise ZooError(f"`model` (={model}) takes a name of the catalog, not a file: give checkpoint={model}")
    if pretrained is None:
        names = " or ".join(f"pretrained={name}" for name in list_weights(model))
        advice = names or "a file of weights, since none are published here"
        raise ZooError(f"`pretrained` is not given, and {model} would predict with random weights: give {advice}")
    if (folder := shipped_folder(f"{model}/{pretrained}")) is not None:
        return load(folder, trust=config["trust"])
    task = create_model(model, pretrained=pretrained)
    if random := task.random_layers:
        raise ZooError(
            f"{model} would predict with random weights, since {pretrained} has not all of them: {'; '.join(random)}; "
            f"train it with `python train.py model={model} pretrained={pretrained}`, and give its checkpoint"
        )
    return task.eval()


def task_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a command without `model`, which Hydra would take for a group if it were a key of its own."""
    return {name: value for name, value in config["options"].items() if name != "model"}
