"""Labelled images: preprocessing that travels with the checkpoint, and splits held in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped, UInt8
from torch import Tensor
from torch.nn.functional import one_hot

from zoo.data.base import DataModule
from zoo.data.images.files import cut_square, read_image, squash
from zoo.errors import ZooError

Augmentation = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Float images [B C H W] in [0, 1] and labels to the same, varied at random."""


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How an image file becomes the input of a network; stored in the checkpoint as plain values."""

    size: int
    """Height and width in pixels."""
    channels: int
    """1 grey, 3 red-green-blue."""
    mean: tuple[float, ...]
    """Of each channel, on the scale [0, 1]."""
    std: tuple[float, ...]
    """Of each channel, on the scale [0, 1]."""
    resize: Literal["squash", "crop"]
    """`squash` may change the aspect ratio; `crop` brings the short side to `size / crop_ratio`, cuts the rest."""
    crop_ratio: float = 1.0
    """0.875 cuts an eighth off, as ImageNet's networks are measured; above 1 pads with black."""

    def read(self, path: str | Path, place: float = 0.5) -> UInt8[Tensor, "c s s"]:
        """An image file as the network sees it, before normalization; `place` as in `cut_square`.

        Raises:
            UnreadableImage: names the file and the reason.
        """
        return self.fit(read_image(path, channels=self.channels), place)

    def fit(self, images: Shaped[Tensor, "*n c h w"], place: float = 0.5) -> Shaped[Tensor, "*n c s s"]:
        """Images of any size brought to `size`."""
        if self.resize == "squash":
            return squash(images, size=self.size)
        return cut_square(images, short=round(self.size / self.crop_ratio), size=self.size, place=place)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Preprocessing":
        """What `plain` gave."""
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in plain.items()}
        return cls(**values)

    def plain(self) -> dict[str, Any]:
        """As plain containers."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    def normalize(self, images: Shaped[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Images in bytes, or floats in [0, 1], shifted and scaled by `mean` and `std`."""
        images = to_unit(images)
        mean = torch.tensor(self.mean, device=images.device).view(-1, 1, 1)
        std = torch.tensor(self.std, device=images.device).view(-1, 1, 1)
        return (images - mean).div_(std)  # in place: memory that is new costs more than the arithmetic on it


def to_unit(images: Shaped[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """Bytes as floats in [0, 1]; floats as they are."""
    return images if images.is_floating_point() else images.float().div_(255.0)


class TensorImages:
    """Images and labels held in memory; a batch is one indexing call."""

    in_memory = True

    def __init__(self, images: UInt8[Tensor, "n c h w"], labels: Int[Tensor, " n"]) -> None:
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        return self.images[indices], self.labels[indices]


class ImageClassificationData(DataModule):
    """Labelled images with a preprocessing, class names and an optional augmentation."""

    feeds = frozenset({"classification", "embedding"})

    def __init__(
        self,
        *,
        batch_size: int,
        num_workers: int | Literal["auto"],
        seed: int,
        augmentation: Augmentation | None,
    ) -> None:
        super().__init__(batch_size=batch_size, num_workers=num_workers, seed=seed)
        self.augmentation = augmentation
        self.preprocessing: Preprocessing
        """Set by `load`."""
        self.class_names: Sequence[str]
        """Set by `load`."""

    def metadata(self) -> dict[str, Any]:
        """Number of classes, channels and pixels."""
        self.setup()
        return {
            "num_classes": len(self.class_names),
            "in_channels": self.preprocessing.channels,
            "image_size": self.preprocessing.size,
        }

    def card(self) -> dict[str, Any]:
        """Class names and preprocessing."""
        self.setup()
        return {"class_names": list(self.class_names), "preprocessing": self.preprocessing.plain()}

    def augment(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """A training batch through the augmentation."""
        images, labels = batch
        if self.augmentation is None:
            return images, labels
        if getattr(self.augmentation, "mixes_labels", False):
            labels = one_hot(labels, len(self.class_names)).float()
        return self.augmentation(to_unit(images), labels)

    def normalize(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """A batch with normalized images."""
        images, labels = batch
        return self.preprocessing.normalize(images), labels


def stratified_split(
    labels: Int[np.ndarray, " n"], fraction: float, seed: int
) -> tuple[Int[np.ndarray, " a"], Int[np.ndarray, " b"]]:
    """Indices of two parts, sorted, the second with `fraction` of each class and at least one of it.

    Raises:
        ZooError: a class has a single sample, or `fraction` is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise ZooError(f"the fraction of a split (={fraction}) must be between 0 and 1")
    generator = np.random.default_rng(seed)
    part = np.zeros(len(labels), dtype=bool)
    names, counts = np.unique(labels, return_counts=True)
    of_each = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
    for label, found in zip(names, of_each, strict=True):
        members = generator.permutation(found)
        if len(members) < 2:
            raise ZooError(f"class {label} has a single sample, which cannot be in both parts of a split")
        part[members[: min(max(round(fraction * len(members)), 1), len(members) - 1)]] = True
    return np.flatnonzero(~part), np.flatnonzero(part)
