"""Small published image sets that torchvision downloads, held in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from zoo.data.images.base import ImageClassificationData, Preprocessing, TensorImages
from zoo.data.images.files import to_channels
from zoo.data.images.torchvision_files import SETS, read_set
from zoo.data.options import require_share, require_statistics
from zoo.data.splits import stratified_split
from zoo.errors import ZooError


@dataclass(kw_only=True, eq=False)
class TorchvisionImages(ImageClassificationData):
    """MNIST (LeCun et al., 1998), Fashion-MNIST (Xiao et al., 2017), CIFAR-10 and -100 (Krizhevsky, 2009).

    The test split is the published one; the validation split is `val_fraction` of each training class.
    Images are padded with `padding` pixels of the value `padding_value` in [0, 1] on each side, then resized to
    `image_size` if that differs. `mean` and `std` of null are those of the training images or the pretrained weights.
    Files lie in torchvision's folders below `root`; those of MNIST and Fashion-MNIST may stay compressed.

    Raises:
        ZooError: an unknown name, channels other than 1 or 3, a negative padding, or a size below 1.
    """

    name: str = field()  # the bare annotation would take Lightning's class attribute `name` as a default
    root: str
    download: bool
    image_size: int
    padding: int
    padding_value: float
    mean: list[float] | None
    std: list[float] | None
    channels: int
    val_fraction: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.name not in SETS:
            raise ZooError(f"`data.name` (={self.name}) must be one of {', '.join(SETS)}")
        if self.channels not in (1, 3):
            raise ZooError(f"`data.channels` (={self.channels}) must be 1 (gray) or 3 (color)")
        if self.padding < 0:
            raise ZooError(f"`data.padding` (={self.padding}) must not be negative")
        require_share("padding_value", self.padding_value)
        require_statistics(self.mean or [0.0] * self.channels, self.std or [1.0] * self.channels, self.channels)
        if self.image_size < 1:
            raise ZooError(f"`data.image_size` (={self.image_size}) must be positive")

    def load(self) -> dict[str, Any]:
        """Reads the three splits, after downloading missing files if `download` allows it.

        Raises:
            ZooError: files are missing or damaged, or the download failed.
        """
        published, test, self.class_names = read_set(self.name, Path(self.root).expanduser(), download=self.download)
        images = to_channels(published.images, self.channels)
        labels = published.labels
        train, val = stratified_split(labels.numpy(), self.val_fraction, self.seed)
        mean, std = mean_and_std(images[train])
        side = images.shape[-1]
        self.preprocessing = Preprocessing(
            size=self.image_size,
            channels=self.channels,
            mean=tuple(self.mean or mean),
            std=tuple(self.std or std),
            resize="crop",
            crop_ratio=(side + 2 * self.padding) / side,
            border=self.padding_value,
        )
        return {
            "train": TensorImages(images[train], labels[train]),
            "val": TensorImages(images[val], labels[val]),
            "test": TensorImages(to_channels(test.images, self.channels), test.labels),
        }

    def normalize_as(self, preprocessing: Mapping[str, Any]) -> bool:
        """Adopts the statistics of pretrained weights unless `mean` or `std` is configured."""
        return self.mean is None and self.std is None and super().normalize_as(preprocessing)

    def normalize(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Pads, resizes and normalizes a batch on the device, so that memory holds the small images."""
        images, labels = batch
        return self.preprocessing.normalize(self.preprocessing.resize_images(images)), labels


def mean_and_std(images: UInt8[Tensor, "n c h w"]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, of pixels scaled to [0, 1], rounded to four decimals."""
    values = torch.arange(256, dtype=torch.float64) / 255
    means, deviations = [], []
    for channel in images.unbind(1):
        share = torch.bincount(channel.flatten(), minlength=256) / channel.numel()
        mean = (share * values).sum()
        means.append(round(mean.item(), 4))
        deviations.append(round((share * (values - mean) ** 2).sum().sqrt().item(), 4))
    return tuple(means), tuple(deviations)
