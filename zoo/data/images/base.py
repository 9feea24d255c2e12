"""Labeled images: preprocessing that is stored in checkpoints, and datasets held in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float, Shaped, UInt8
from torch import Tensor
from torch.nn.functional import one_hot

from zoo.config.calls import explained_call
from zoo.data.base import DataModule, TrainingImages
from zoo.data.gather import gather_rows
from zoo.data.images.files import Interpolation, cut_square, read_image, squash
from zoo.data.images.in_memory import MemoryImage
from zoo.data.images.tar_member import TarMember
from zoo.errors import ZooError
from zoo.ops.constants import constant

_LARGEST = 4096  # pixels of a side

Augmentation = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Takes and returns float images [B C H W] in [0, 1] and their labels."""


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How an image file becomes the input of a network; stored in the checkpoint as plain values."""

    size: int
    """Height and width in pixels."""
    channels: int
    """1 (gray) or 3 (RGB)."""
    mean: tuple[float, ...]
    """Per channel, for pixels in [0, 1]."""
    std: tuple[float, ...]
    """Per channel, for pixels in [0, 1]."""
    resize: Literal["squash", "crop"]
    """`squash` changes the aspect ratio; `crop` resizes the short side to `size / crop_ratio` and crops the center."""
    crop_ratio: float = 1.0
    """0.875 is the ImageNet evaluation crop (256 to 224); above 1 pads."""
    border: float = 0.0
    """The value in [0, 1] of padded pixels; 0 is black."""
    interpolation: Interpolation = "bilinear"
    """Of the resize, always with antialiasing."""

    def __post_init__(self) -> None:
        for key in ("mean", "std"):
            object.__setattr__(self, key, tuple(getattr(self, key)))
        _require_valid(vars(self))

    def read(self, path: str | Path | TarMember | MemoryImage, place: float = 0.5) -> UInt8[Tensor, "c s s"]:
        """Reads an image file and resizes it; `place` as in `cut_square`.

        Raises:
            UnreadableImage: names the file and the reason.
        """
        return self.resize_images(read_image(path, channels=self.channels), place)

    def resize_images(self, images: Shaped[Tensor, "*n c h w"], place: float = 0.5) -> Shaped[Tensor, "*n c s s"]:
        """Resizes images of any size to `size`."""
        if self.resize == "squash":
            return squash(images, size=self.size, interpolation=self.interpolation)
        return cut_square(
            images,
            short=round(self.size / self.crop_ratio),
            size=self.size,
            place=place,
            border=self.border,
            interpolation=self.interpolation,
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Preprocessing":
        """The inverse of `to_dict`.

        Raises:
            ZooError: an entry of another type, or out of range; a file may hold anything.
        """
        if not isinstance(values, Mapping) or not values.keys() <= {field.name for field in fields(cls)}:
            raise ZooError(f"the preprocessing has other entries than {', '.join(field.name for field in fields(cls))}")
        missing = [field.name for field in fields(cls) if field.default is MISSING and field.name not in values]
        if missing:
            raise ZooError(f"the preprocessing has no {missing[0]}")
        arguments: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        defaults = {field.name: field.default for field in fields(cls)}
        _require_valid(defaults | arguments)
        if not arguments["mean"]:
            raise ZooError("`preprocessing.mean` and `preprocessing.std` must have a number for each channel")
        return cls(**arguments)

    def to_dict(self) -> dict[str, Any]:
        """Plain containers, as stored in a checkpoint."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    def with_statistics(self, mean: Sequence[float], std: Sequence[float]) -> "Preprocessing":
        """A copy with another mean and standard deviation, averaged if the number of channels differs."""
        return replace(self, mean=_per_channel(mean, self.channels), std=_per_channel(std, self.channels))

    def normalize(self, images: Shaped[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Subtracts `mean` and divides by `std`, of uint8 images or floats in [0, 1]."""
        images = to_unit(images)
        mean, std = self._statistics(images)
        return (images - mean).div_(std)  # in place: allocating memory costs more than the arithmetic

    def denormalize(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """The inverse of `normalize`, with values in [0, 1]."""
        mean, std = self._statistics(images)
        return (images * std + mean).clamp(0, 1)

    def _statistics(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, std = (constant(tuple(values), images.device).view(-1, 1, 1) for values in (self.mean, self.std))
        return mean, std


Preprocessing.__init__ = explained_call(Preprocessing.__init__)  # type: ignore[method-assign]


def _is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


_RANGES: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("size", lambda v: type(v) is int and 1 <= v <= _LARGEST, f"a whole number from 1 to {_LARGEST}"),
    ("channels", lambda v: type(v) is int and v in (1, 3), "1 or 3"),
    ("resize", lambda v: v in ("squash", "crop"), "squash or crop"),
    ("crop_ratio", lambda v: _is_number(v, 0.05, 4), "from 0.05 to 4"),
    ("border", lambda v: _is_number(v, 0, 1), "from 0 to 1"),
    ("mean", lambda v: isinstance(v, tuple) and all(_is_number(x, -1e3, 1e3) for x in v), "finite numbers"),
    ("std", lambda v: isinstance(v, tuple) and all(_is_number(x, 1e-6, 1e3) for x in v), "positive numbers"),
)


def _require_valid(values: Mapping[str, Any]) -> None:
    for key, is_valid, expected in _RANGES:
        if not is_valid(values[key]):
            raise ZooError(f"`preprocessing.{key}` (={values[key]!r:.60}) must be {expected}")
    mean, std = values["mean"], values["std"]
    if len(mean) != len(std) or len(mean) not in (0, values["channels"]):  # none: for resizing alone
        raise ZooError("`preprocessing.mean` and `preprocessing.std` must have a number for each channel")


def to_unit(images: Shaped[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """Converts uint8 images to floats in [0, 1]; returns floats unchanged."""
    return images if images.is_floating_point() else images.float().div_(255.0)


class TensorImages:
    """Images and labels held in memory; a batch is one indexing call."""

    in_memory = True

    def __init__(self, images: UInt8[Tensor, "n c h w"], labels: Shaped[Tensor, " n"]) -> None:
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        return gather_rows(self.images, indices), self.labels[indices]


@dataclass(kw_only=True, eq=False)
class ImageData(DataModule):
    """Batches `(images [B C H W], labels [B])` with a preprocessing and an optional augmentation."""

    augmentation: Augmentation | None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.preprocessing: Preprocessing
        """Set by `load`."""

    def augment(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Applies the augmentation to a training batch."""
        images, labels = batch
        return self.augmentation(to_unit(images), labels) if self.augmentation else (images, labels)

    def normalize(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Normalizes the images of a batch."""
        images, labels = batch
        return self.preprocessing.normalize(images), labels

    def normalize_as(self, preprocessing: Mapping[str, Any]) -> bool:
        """Adopts the `mean` and `std` of pretrained weights; those of texts have none."""
        if "mean" not in preprocessing:
            return False
        self.setup()
        self.preprocessing = self.preprocessing.with_statistics(preprocessing["mean"], preprocessing["std"])
        return True


@dataclass(kw_only=True, eq=False)
class ImageClassificationData(ImageData):
    """Labeled images with class names."""

    feeds = frozenset({"classification", "embedding"})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.class_names: Sequence[str]
        """Set by `load`."""

    def metadata(self) -> dict[str, Any]:
        """Number of classes and channels, and the image size in pixels."""
        self.setup()
        return {
            "num_classes": len(self.class_names),
            "in_channels": self.preprocessing.channels,
            "image_size": self.preprocessing.size,
        }

    def card(self) -> dict[str, Any]:
        """Class names and preprocessing."""
        self.setup()
        return {"class_names": list(self.class_names), "preprocessing": self.preprocessing.to_dict()}

    def augment(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Applies the augmentation to a training batch; one that mixes images gets one-hot labels."""
        images, labels = batch
        if getattr(self.augmentation, "mixes_labels", False):
            labels = one_hot(labels, len(self.class_names)).float()
        return super().augment((images, labels))

    def training_images(self, count: int) -> TrainingImages:
        """At most `count` augmented training images, evenly spaced over the split; the same in every call."""
        dataset = self.dataset("train")
        count = min(count, len(dataset))
        chosen = torch.arange(count) * (len(dataset) // count)
        with torch.random.fork_rng(devices=[]):  # leaves the generator of training as it was
            torch.manual_seed(self.seed)
            images, labels = self.normalize(self.augment(dataset[chosen]))
        return TrainingImages(self.preprocessing.denormalize(images), labels, self.augmentation is not None)


def _per_channel(values: Sequence[float], channels: int) -> tuple[float, ...]:
    return tuple(values) if len(values) == channels else (sum(values) / len(values),) * channels
