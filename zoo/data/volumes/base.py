"""Labeled volumes: preprocessing that is stored in checkpoints, and the base class of their data modules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor
from torch.nn import functional as F

from zoo.data.base import BatchDataset, DataModule, TrainingImages
from zoo.data.volumes.header import channels, sides
from zoo.errors import ZooError
from zoo.ops.constants import constant

Augmentation = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Takes and returns float volumes [B C D H W] and their labels."""

_MEASURED = 256  # volumes whose mean and standard deviation are taken


@dataclass(frozen=True, kw_only=True)
class VolumePreprocessing:
    """How a volume becomes the input of a network; stored in the checkpoint as plain values."""

    size: tuple[int, int, int]
    """Depth, height and width in voxels."""
    channels: int
    mean: tuple[float, ...]
    """Per channel, of the values as they are in the files."""
    std: tuple[float, ...]
    resize: bool
    """Resizes volumes of other sizes by trilinear interpolation; otherwise they are refused."""

    def to_size(self, volume: Shaped[Tensor, "c d h w"], name: str) -> Shaped[Tensor, "c d2 h2 w2"]:
        """Returns a volume in the size of the network; `name` is for the message.

        Raises:
            ZooError: another number of channels, or another size without `resize`.
        """
        count, *size = volume.shape
        if count != self.channels:
            raise ZooError(f"{name} has {channels(count)}, and the network takes {self.channels}")
        if tuple(size) == self.size:
            return volume
        if not self.resize:
            raise ZooError(
                f"{name} has {sides(size)} voxels (depth, height, width), not {sides(self.size)}: "
                f"training with data.size=[{','.join(map(str, self.size))}] resizes all volumes"
            )
        resized = F.interpolate(volume[None].float(), self.size, mode="trilinear", align_corners=False)[0]
        return resized if volume.is_floating_point() else resized.round().to(volume.dtype)

    def normalize(self, volumes: Shaped[Tensor, "b c d h w"]) -> Float[Tensor, "b c d h w"]:
        """Subtracts `mean` and divides by `std`."""
        mean, std = self._statistics(volumes)
        return (volumes.float() - mean) / std

    def denormalize(self, volumes: Float[Tensor, "b c d h w"]) -> Float[Tensor, "b c d h w"]:
        """The inverse of `normalize`."""
        mean, std = self._statistics(volumes)
        return volumes * std + mean

    def to_dict(self) -> dict[str, Any]:
        """Plain containers, as stored in a checkpoint."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "VolumePreprocessing":
        """The inverse of `to_dict`."""
        arguments: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        return cls(**arguments)

    def _statistics(self, volumes: Tensor) -> tuple[Tensor, Tensor]:
        mean, std = (constant(tuple(values), volumes.device).view(-1, 1, 1, 1) for values in (self.mean, self.std))
        return mean, std


@dataclass(kw_only=True, eq=False)
class VolumeData(DataModule):
    """Batches `(volumes [B C D H W], labels [B])` with class names, a preprocessing and an optional augmentation."""

    feeds = frozenset({"classification"})

    augmentation: Augmentation | None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.preprocessing: VolumePreprocessing
        """Set by `load`."""
        self.class_names: Sequence[str]
        """Set by `load`."""

    def metadata(self) -> dict[str, Any]:
        """Number of classes and channels, and the size in voxels."""
        self.setup()
        return {
            "num_classes": len(self.class_names),
            "in_channels": self.preprocessing.channels,
            "volume_size": list(self.preprocessing.size),
        }

    def card(self) -> dict[str, Any]:
        """Class names and preprocessing; `inputs` names the kind of samples."""
        self.setup()
        return {
            "inputs": "volumes",
            "class_names": list(self.class_names),
            "preprocessing": self.preprocessing.to_dict(),
        }

    def augment(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Applies the augmentation to a training batch."""
        volumes, labels = batch
        return self.augmentation(volumes.float(), labels) if self.augmentation else (volumes, labels)

    def normalize(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Normalizes the volumes of a batch."""
        volumes, labels = batch
        return self.preprocessing.normalize(volumes), labels

    def normalize_as(self, preprocessing: Mapping[str, Any]) -> bool:
        """Adopts the `mean` and `std` of a checkpoint."""
        self.setup()
        mean, std = tuple(preprocessing["mean"]), tuple(preprocessing["std"])
        self.preprocessing = replace(self.preprocessing, mean=mean, std=std)
        return True

    def training_images(self, count: int) -> TrainingImages:
        """At most `count` augmented training volumes, as their maximum over depth, rescaled to [0, 1]."""
        dataset = self.dataset("train")
        count = min(count, len(dataset))
        chosen = torch.arange(count) * (len(dataset) // count)
        with torch.random.fork_rng(devices=[]):  # leaves the generator of training as it was
            torch.manual_seed(self.seed)
            volumes, labels = self.augment(dataset[chosen])
        return TrainingImages(unit_range(volumes.float()).amax(2), labels, self.augmentation is not None)


def unit_range(volumes: Float[Tensor, "b *chw"]) -> Float[Tensor, "b *chw"]:
    """Rescales each volume from its own range to [0, 1]."""
    rows = volumes.flatten(1)
    low, high = rows.amin(1, keepdim=True), rows.amax(1, keepdim=True)
    return ((rows - low) / (high - low).clamp_min(1e-12)).view_as(volumes)


def is_empty(volumes: Shaped[Tensor, "b c d h w"]) -> Bool[Tensor, " b"]:
    """Whether a volume has one value in all voxels, and so shows nothing."""
    rows = volumes.flatten(1)
    return rows.amin(1) == rows.amax(1)


def measured_statistics(dataset: BatchDataset, seed: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel of at most 256 volumes, drawn with the seed and read one by one.

    Rounded to four significant digits; a constant channel has a standard deviation of 1.
    """
    chosen = torch.from_numpy(np.sort(np.random.default_rng(seed).permutation(len(dataset))[:_MEASURED]))
    volumes = (dataset[index][0][0].flatten(1).double() for index in chosen.split(1))
    means, variances = map(torch.stack, zip(*((v.mean(1), v.var(1, correction=0)) for v in volumes), strict=True))
    mean = means.mean(0)
    std = (variances.mean(0) + means.var(0, correction=0)).sqrt()  # within the volumes, and between them
    std[std <= 1e-9 * mean.abs()] = 1
    return _four_digits(mean), _four_digits(std)


def _four_digits(values: Float[Tensor, " c"]) -> tuple[float, ...]:
    return tuple(float(f"{value:.4g}") for value in values.tolist())
