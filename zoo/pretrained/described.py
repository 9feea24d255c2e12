"""Class names and preprocessing of weights, from the `config.json` beside them in timm's or Hugging Face's form.

Only plain numbers and words are read; what else a file describes, such as classes to build, is ignored.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError

_PILLOW = {2: "bilinear", 3: "bicubic"}  # numbers of Pillow's Resampling
_LARGEST = 4096  # pixels


def class_names(config: Mapping[str, Any]) -> list[str] | None:
    """The names of the classes in order; None if the description has none."""
    if isinstance(names := config.get("label_names"), list):  # timm
        described = config.get("label_descriptions")
        described = described if isinstance(described, Mapping) else {}
        return [str(described.get(name, name)) for name in names]
    labels = config.get("id2label")  # Hugging Face
    if isinstance(labels, Mapping) and sorted(labels) == sorted(map(str, range(len(labels)))):
        names = [str(labels[str(i)]) for i in range(len(labels))]
        return None if all(re.fullmatch(r"LABEL_\d+", name) for name in names) else names
    tag = str(_mapping(config, "pretrained_cfg").get("tag"))
    if tag.endswith("in1k") and config.get("num_classes") == 1000:
        from torchvision.models import ResNet50_Weights

        return list(ResNet50_Weights.IMAGENET1K_V1.meta["categories"])
    return None


def preprocessing(config: Mapping[str, Any], processor: Mapping[str, Any], path: Path) -> dict[str, Any] | None:
    """The preprocessing as plain values; None if neither `config.json` nor `preprocessor_config.json` has one.

    Raises:
        ZooError: one that is not computed here, or that has words in place of numbers.
    """
    ours = config.get("preprocessing")
    published = _mapping(config, "pretrained_cfg")
    try:
        if isinstance(ours, Mapping):
            if "mean" not in ours or isinstance(ours.get("size"), list):
                return None  # of scenes, volumes or series: the card in the weights has it
            return checked(Preprocessing.from_dict(ours)).to_dict()
        if published.get("mean"):
            return checked(_of_timm(published)).to_dict()
        if processor.get("image_mean"):
            return checked(_of_hugging_face(processor)).to_dict()
    except (TypeError, ValueError, KeyError, ArithmeticError) as error:
        raise ZooError(f"{path} describes a preprocessing that is not computed here: {error}") from error
    return None


def checked(found: Preprocessing) -> Preprocessing:
    """Returns the preprocessing if it can be computed.

    Raises:
        ValueError: a value out of its range.
    """
    if type(found.size) is not int or not 1 <= found.size <= _LARGEST:
        raise ValueError(f"the size (={found.size}) must be 1 … {_LARGEST} pixels")
    if found.channels not in (1, 3) or not len(found.mean) == len(found.std) == found.channels:
        raise ValueError(f"mean and std must have 1 or 3 values: {list(found.mean)}, {list(found.std)}")
    if not all(math.isfinite(value) for value in found.mean) or not all(0 < value < math.inf for value in found.std):
        raise ValueError(f"mean and std must be finite, and std positive: {list(found.mean)}, {list(found.std)}")
    if not 0.1 <= found.crop_ratio <= 10 or found.resize not in ("crop", "squash"):
        raise ValueError(f"the crop (={found.resize}, {found.crop_ratio}) must be crop or squash, with a ratio near 1")
    return found


def _of_timm(published: Mapping[str, Any]) -> Preprocessing:
    """Resize of the short side to ⌊size / crop_pct⌋, then the center: `timm.data.create_transform` for evaluation."""
    channels, height, width = published["input_size"]
    mode = published.get("crop_mode", "center")
    if height != width or mode not in ("center", "squash"):
        raise ValueError(f"an input of {height}×{width} with the crop_mode {mode}")
    return _preprocessing(
        height,
        published["mean"],
        published["std"],
        short=math.floor(height / published.get("crop_pct", 0.875)),
        resize="squash" if mode == "squash" else "crop",
        interpolation=published.get("interpolation", "bilinear"),
        channels=channels,
    )


def _of_hugging_face(processor: Mapping[str, Any]) -> Preprocessing:
    """Sizes as the image processors of `transformers` name them."""
    sides = processor["size"]
    sides = sides if isinstance(sides, Mapping) else {"shortest_edge": sides}
    interpolation = _PILLOW.get(processor.get("resample", 2), f"number {processor.get('resample')} of Pillow")
    mean, std = processor["image_mean"], processor["image_std"]
    crop = processor.get("crop_size") if processor.get("do_center_crop") else None
    if crop is not None:
        size = crop["height"] if isinstance(crop, Mapping) else crop
    else:
        size = sides.get("height", sides.get("shortest_edge"))
    if "shortest_edge" not in sides and crop is None:
        return _preprocessing(size, mean, std, short=size, resize="squash", interpolation=interpolation)
    short = sides.get("shortest_edge", size)
    if "crop_pct" in processor and short < 384:  # ConvNeXT's processor
        short = int(short / processor["crop_pct"])
    return _preprocessing(size, mean, std, short=short, resize="crop", interpolation=interpolation)


def _preprocessing(
    size: int,
    mean: Any,
    std: Any,
    *,
    short: int,
    resize: Literal["squash", "crop"],
    interpolation: Any,
    channels: int = 3,
) -> Preprocessing:
    if interpolation not in ("bilinear", "bicubic"):
        raise ValueError(f"the interpolation (={interpolation}) must be bilinear or bicubic")
    return Preprocessing(
        size=size,
        channels=channels,
        mean=tuple(float(value) for value in mean),
        std=tuple(float(value) for value in std),
        resize=resize,
        crop_ratio=1.0 if resize == "squash" else size / short,
        interpolation=interpolation,
    )


def _mapping(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = config.get(key)
    return value if isinstance(value, Mapping) else {}
