"""Small published image sets that torchvision can fetch, held in memory whole."""

from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import UInt8
from torch import Tensor

from zoo.data.images.base import (
    Augmentation,
    ImageClassificationData,
    Preprocessing,
    TensorImages,
    stratified_split,
)
from zoo.data.images.files import to_channels
from zoo.data.images.torchvision_files import SETS, read_set
from zoo.errors import ZooError


class TorchvisionImages(ImageClassificationData):
    """MNIST (LeCun et al., 1998), Fashion-MNIST (Xiao et al., 2017), CIFAR-10 and -100 (Krizhevsky, 2009).

    The published test part is the test split; `val_fraction` of each training class is the validation split.
    `padding` black pixels are put around each image, which is then resized to `image_size` where that differs.
    Files lie where torchvision puts them below `root`; those of MNIST and Fashion-MNIST may stay compressed.

    Raises:
        ZooError: an unknown name, channels other than 1 or 3, a negative padding, no image size.
    """

    def __init__(
        self,
        *,
        name: str,
        root: str,
        download: bool,
        image_size: int,
        padding: int,
        channels: int,
        val_fraction: float,
        batch_size: int,
        num_workers: int | Literal["auto"],
        seed: int,
        augmentation: Augmentation | None,
    ) -> None:
        super().__init__(batch_size=batch_size, num_workers=num_workers, seed=seed, augmentation=augmentation)
        if name not in SETS:
            raise ZooError(f"`data.name` (={name}) must be one of {', '.join(SETS)}")
        if channels not in (1, 3):
            raise ZooError(f"`data.channels` (={channels}) must be 1 (grey) or 3 (colour)")
        if padding < 0:
            raise ZooError(f"`data.padding` (={padding}) must not be negative")
        if image_size < 1:
            raise ZooError(f"`data.image_size` (={image_size}) must be positive")
        self.set_name = name
        self.root = Path(root).expanduser()
        self.download = download
        self.image_size = image_size
        self.padding = padding
        self.channels = channels
        self.val_fraction = val_fraction

    def load(self) -> dict[str, Any]:
        """Read the three splits, downloading them first where that is allowed and needed.

        Raises:
            ZooError: files are missing or damaged, or the download failed.
        """
        published, test, self.class_names = read_set(self.set_name, self.root, download=self.download)
        images = to_channels(published.images, self.channels)
        labels = published.labels
        train, val = stratified_split(labels.numpy(), self.val_fraction, self.seed)
        mean, std = mean_and_std(images[train])
        side = images.shape[-1]
        self.preprocessing = Preprocessing(
            size=self.image_size,
            channels=self.channels,
            mean=mean,
            std=std,
            resize="crop",
            crop_ratio=(side + 2 * self.padding) / side,
        )
        return {
            "train": TensorImages(images[train], labels[train]),
            "val": TensorImages(images[val], labels[val]),
            "test": TensorImages(to_channels(test.images, self.channels), test.labels),
        }

    def normalize(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Pad, resize and normalize a batch; on the device, so that memory holds the small images."""
        images, labels = batch
        return self.preprocessing.normalize(self.preprocessing.fit(images)), labels


def mean_and_std(images: UInt8[Tensor, "n c h w"]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, of bytes on the scale [0, 1], exact to four places."""
    values = torch.arange(256, dtype=torch.float64) / 255
    means, deviations = [], []
    for channel in images.unbind(1):
        share = torch.bincount(channel.flatten(), minlength=256) / channel.numel()
        mean = (share * values).sum()
        means.append(round(mean.item(), 4))
        deviations.append(round((share * (values - mean) ** 2).sum().sqrt().item(), 4))
    return tuple(means), tuple(deviations)
