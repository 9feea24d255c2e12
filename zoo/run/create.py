"""Builds models, networks and data of the catalog by name, with or without pretrained weights."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from omegaconf import OmegaConf
from torch import nn

from zoo.config.calls import explained_call
from zoo.config.compose import compose, to_dict
from zoo.config.instantiate import complete, defaults_of, instantiate, locate
from zoo.config.keywords import plain_value
from zoo.config.listing import list_models
from zoo.config.validate import validate
from zoo.data.base import DataModule
from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError, unknown
from zoo.pretrained.catalog import resolve_weights
from zoo.pretrained.destination import destination
from zoo.pretrained.sizes import with_sizes
from zoo.pretrained.transfer import load_pretrained, transfer_weights
from zoo.run.build import attach_optimizer, build_data, build_task
from zoo.tasks.base import Task


@explained_call
def create_model(
    name: str,
    *,
    pretrained: str | None = None,
    data: DataModule | None = None,
    class_names: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    match_weights: Literal["name", "order"] = "name",
    **metadata: Any,
) -> Task:
    """Builds a model of the catalog as a LightningModule in training mode, as torchvision and timm do.

    It has the optimizer and the schedule of its recipe, so that a Lightning `Trainer` fits it; set `optimizer_factory`
    and `schedule` for others. Call `eval()` on it before calling it on tensors; `zoo.predict` does.

    `pretrained` is the name of published weights or a path; with `match_weights` of order, the tensors of a file are
    matched by order and shape. `data` of `create_data` gives everything that the model
    must know of it. For one's own loaders, `class_names` and `preprocessing` are what a prediction from the checkpoint
    needs. `metadata` are further arguments of the network and the task (`num_classes`, `in_channels`, `image_size`,
    …); the defaults of the network apply otherwise.

    Raises:
        ZooError: no such model, weights or argument.

    >>> create_model("lenet5", num_classes=7).network.classifier[-1].out_features
    7
    """
    names = None if class_names is None else _checked_names(class_names, metadata.get("num_classes"))
    if data is not None and not isinstance(data, DataModule):
        raise ZooError(f"`data` (={data}) must be what zoo.create_data(NAME, …) returns")
    if preprocessing is not None and not isinstance(preprocessing, Preprocessing):
        raise ZooError(f"`preprocessing` (={preprocessing}) must be a zoo.Preprocessing(size=…, channels=…, …)")
    composed = _composed(name)
    _refuse_headless(name, metadata)
    source = resolve_weights(pretrained, model=composed.get("published_as", name)) if pretrained is not None else None
    card: dict[str, Any] = {"model_name": name}
    config = composed["model"]
    readers = _readers(config)
    if data is not None:
        if source is not None and source.preprocessing is not None:
            data.normalize_as(source.preprocessing)
        data.setup()
        card |= data.card() | {"data_name": data.option, "data_config": data.config}
        metadata = {key: value for key, value in data.metadata().items() if key in readers} | metadata
    if names is not None:
        card["class_names"] = names
        metadata = metadata | {"num_classes": len(names)}
    if preprocessing is not None:
        card["preprocessing"] = preprocessing.to_dict()
        of_images = {"in_channels": preprocessing.channels, "image_size": preprocessing.size}
        metadata = {key: value for key, value in of_images.items() if key in readers} | metadata
    if source is not None:
        config = with_sizes(config, source, metadata)
    task = build_task(_completed(config, metadata), {}, card)
    attach_optimizer(task, composed["optimizer"], composed["scheduler"])
    if source is not None:
        keep = task.measured_metadata & metadata.keys()  # explicit values win over those of the weights
        load_pretrained(task, source, class_names=card.get("class_names"), keep=keep, match=match_weights)
    return task


@explained_call
def create_network(name: str, *, pretrained: str | None = None, **arguments: Any) -> nn.Module:
    """Builds the network of a model of the catalog, a plain `nn.Module` in training mode.

    `arguments` are those of its class. Image classifiers take `num_classes=0` for pooled features in place of
    logits, and `features=["layer2", "layer4"]` for a dictionary of feature maps.

    Raises:
        ZooError: no such model, weights or argument.

    >>> create_network("resnet18", num_classes=0, stem="small").fc
    Identity()
    """
    composed = _composed(name)
    config = {"network": composed["model"]["network"] | arguments}
    source = resolve_weights(pretrained, model=composed.get("published_as", name)) if pretrained is not None else None
    if source is not None:
        config = with_sizes(config, source)
    network: nn.Module = instantiate(complete(config["network"], {}, name), name)
    if source is not None:
        transfer_weights(*destination(network, source), class_names=None)
    return network


@explained_call
def create_data(name: str, **options: Any) -> DataModule:
    """Builds data of the catalog, such as `create_data("image_folder", root="flowers", batch_size=64)`.

    `options` are the keys of `configs/data/NAME.yaml`; `seed` selects the split.

    Raises:
        ZooError: no such data, an unknown option, or a value of the wrong type.
    """
    seed = {} if "seed" not in options else {"seed": options["seed"]}
    config = compose([f"data={name}", *(f"{key}={value}" for key, value in seed.items())])
    listed = cast(dict[str, Any], OmegaConf.to_container(config.data, resolve=False))
    for key, value in options.items():
        if key not in listed:  # `in config.data` is False for a value that must be given
            raise ZooError(unknown("argument", key, [each for each in listed if not each.startswith("_")]))
        OmegaConf.update(config, f"data.{key}", plain_value(key, value))
    values = to_dict(config)["data"]
    validate({"data": values}, {"data": listed})
    module = build_data(values)
    module.option = name
    return module


def catalog_config(name: str, **metadata: Any) -> dict[str, Any]:
    """The configuration of a model of the catalog, completed with `metadata` and the defaults of its network.

    Raises:
        ZooError: no such model or argument.
    """
    return _completed(_composed(name)["model"], metadata)


def _refuse_headless(name: str, metadata: Mapping[str, Any]) -> None:
    classes = metadata.get("num_classes")
    if isinstance(classes, int) and classes < 0:
        raise ZooError(f"`num_classes` (={classes}) must be positive")
    for key in ("num_classes", "features"):
        if key in metadata and (key == "features" or metadata[key] == 0):
            raise ZooError(
                f'`{key}` (={metadata[key]}) leaves a network without a head: zoo.create_network("{name}", {key}=…) '
                f"builds it, and zoo.features gives the vectors of images"
            )


def _checked_names(class_names: Sequence[str], num_classes: Any) -> list[str]:
    names = [class_names] if isinstance(class_names, str) else [str(each) for each in class_names]
    if isinstance(class_names, str) or not names:
        raise ZooError(f"`class_names` (={class_names}) must be a list of at least one name")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ZooError(f"`class_names` has `{twice}` twice")
    if num_classes not in (None, len(names)):
        raise ZooError(f"`num_classes` (={num_classes}) and `class_names` ({len(names)}) differ: leave out num_classes")
    return names


def _composed(name: str) -> dict[str, Any]:
    if name not in list_models():
        raise ZooError(unknown("model", str(name), list_models()))
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
        taken = inspect.signature(locate(config["_target_"])).parameters
        named = {name for name, each in taken.items() if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)}
        names |= named - set(config)
    return names


def _defaults(network: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults and the configured values of the network, for arguments of the task with the same names."""
    return defaults_of(locate(network["_target_"])) | {
        key: value for key, value in network.items() if not key.startswith("_") and not isinstance(value, Mapping)
    }
