"""A folder of one's own pictures, one folder for each class."""

import logging
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from zoo.data.images.base import (
    Augmentation,
    ImageClassificationData,
    Preprocessing,
    TensorImages,
    stratified_split,
)
from zoo.data.images.class_folders import Files, find_files
from zoo.data.images.files import UnreadableImage
from zoo.data.images.lazy_files import ImageFiles, read_all, with_way_on
from zoo.errors import ZooError
from zoo.hardware import data_workers

_log = logging.getLogger(__name__)
_NAMED = 5  # broken files
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ImageFolder(ImageClassificationData):
    """Photographs in class folders below `root`, or below `root/train`, `root/val` and `root/test`.

    A split that is not given is cut out of the training images, the same share of each class. For validation and test
    an image is resized until its short side has `image_size / crop_ratio` pixels, and the central square of
    `image_size` is cut out. Where all splits fit into `cache_mb` megabytes they are decoded once and held in memory as
    bytes, else each batch is read by worker processes. Training images are squares of the short side, which the
    augmentation cuts: the central one of an image in memory, one anywhere along the long side of an image that is
    read again in each epoch. Without `mean` and `std` they are ImageNet's, or those of the weights that training
    starts from. With `on_error: skip` every file is looked at once, and broken ones are left out.

    Raises:
        ZooError: a value out of its range.
    """

    def __init__(
        self,
        *,
        root: str,
        image_size: int,
        crop_ratio: float,
        channels: int,
        mean: list[float] | None,
        std: list[float] | None,
        val_fraction: float,
        test_fraction: float,
        on_error: str,
        cache_mb: float,
        batch_size: int,
        num_workers: int | Literal["auto"],
        seed: int,
        augmentation: Augmentation | None,
    ) -> None:
        super().__init__(batch_size=batch_size, num_workers=num_workers, seed=seed, augmentation=augmentation)
        mean, std = mean or list(IMAGENET_MEAN[:channels]), std or list(IMAGENET_STD[:channels])
        _check_image(image_size, crop_ratio, channels, mean, std)
        if not (val_fraction > 0 and test_fraction > 0 and val_fraction + test_fraction < 1):
            raise ZooError(
                f"`data.val_fraction` (={val_fraction}) and `data.test_fraction` (={test_fraction}) must be positive "
                "and leave something to train on"
            )
        if on_error not in ("raise", "skip"):
            raise ZooError(f"`data.on_error` (={on_error}) must be raise or skip")
        self.root = Path(root).expanduser()
        self.preprocessing = Preprocessing(
            size=image_size,
            channels=channels,
            mean=tuple(mean),
            std=tuple(std),
            resize="crop",
            crop_ratio=crop_ratio,
        )
        self.fractions = {"test": test_fraction, "val": val_fraction}
        self.on_error = on_error
        self.cache_mb = cache_mb
        self.decoded_mb = 0.0
        """What all splits take in memory; told by `load`."""
        self.skipped: list[UnreadableImage] = []
        """Files that were left out, with the reason; filled by `load`."""

    def load(self) -> dict[str, Any]:
        """Find the files, cut the splits that are not given, and hold in memory what fits.

        Raises:
            ZooError: the folder is not as it must be, a class is too small to be cut, or a file is broken.
        """
        given, self.class_names = find_files(self.root)
        files = cut_splits(given, self.class_names, self.fractions, self.seed)
        splits = {
            name: ImageFiles(
                self.root, part, self._reader(name), anywhere=name == "train" and self.augmentation is not None
            )
            for name, part in files.items()
        }
        self.decoded_mb = sum(len(part) * self._bytes(name) for name, part in splits.items()) / 2**20
        keep = self.decoded_mb <= self.cache_mb
        if not keep and self.on_error == "raise":
            return dict(splits)
        loaded = {name: self._looked_at(part, keep) for name, part in splits.items()}
        self._tell_skipped(sum(map(len, splits.values())))
        return loaded

    def loading_advice(self) -> list[str]:
        """More workers, or all images in memory."""
        cache = f"data.cache_mb={math.ceil(self.decoded_mb)} decodes all images once and holds them in memory"
        return [] if self.dataset("train").in_memory else [cache, *super().loading_advice()]

    def normalize(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Cut training images that no augmentation has cut, and normalize all."""
        images, labels = batch
        size = self.preprocessing.size
        return self.preprocessing.normalize(F.center_crop(images, [size, size])), labels

    def _reader(self, split: str) -> Any:
        if split != "train":
            return self.preprocessing.read
        whole = self._side(split)
        square = Preprocessing(
            size=whole, channels=self.preprocessing.channels, mean=(), std=(), resize="crop", crop_ratio=1.0
        )
        return square.read

    def _side(self, split: str) -> int:
        size = self.preprocessing.size
        return max(round(size / self.preprocessing.crop_ratio), size) if split == "train" else size

    def _bytes(self, split: str) -> int:
        return self.preprocessing.channels * self._side(split) ** 2

    def _looked_at(self, images: ImageFiles, keep: bool) -> Any:
        """Read a split once: without its broken files, and in memory if `keep`."""
        pictures, broken = read_all(images, keep=keep, workers=data_workers(self.num_workers))
        if broken and self.on_error == "raise":
            raise with_way_on(broken[min(broken)])
        self.skipped += broken.values()
        good = np.setdiff1d(np.arange(len(images)), list(broken))
        left = images.files.part(good)
        for label in np.setdiff1d(images.files.labels, left.labels):
            raise ZooError(f"no image of class `{self.class_names[label]}` can be read: {broken[min(broken)]}")
        if not keep:
            return ImageFiles(self.root, left, images.read, anywhere=images.anywhere)
        assert pictures is not None
        return TensorImages(pictures[good] if broken else pictures, torch.from_numpy(left.labels))

    def _tell_skipped(self, total: int) -> None:
        if not self.skipped:
            return
        named = "; ".join(f"{error.path}: {error.reason}" for error in self.skipped[:_NAMED])
        more = f"; and {len(self.skipped) - _NAMED} more" if len(self.skipped) > _NAMED else ""
        _log.warning("left out %d of %d images that cannot be read: %s%s", len(self.skipped), total, named, more)


def cut_splits(
    given: dict[str, Files], class_names: list[str], fractions: dict[str, float], seed: int
) -> dict[str, Files]:
    """Cut the splits of `fractions` that are not given out of the training files, the same share of each class.

    Raises:
        ZooError: a class has too few images to be in every split.
    """
    splits, train = dict(given), given["train"]
    missing = [name for name in fractions if name not in given]
    counts = np.bincount(train.labels, minlength=len(class_names))
    if counts.min() <= len(missing):
        raise ZooError(
            f"class `{class_names[counts.argmin()]}` has {counts.min()} images: at least {len(missing) + 1} are needed "
            f"to cut {' and '.join(missing)} out of the training images"
        )
    left = 1.0
    for name in missing:
        rest, part = stratified_split(train.labels, fractions[name] / left, seed)
        splits[name], train = train.part(part), train.part(rest)
        left -= fractions[name]
    return {"train": train, "val": splits["val"], "test": splits["test"]}


def _check_image(image_size: int, crop_ratio: float, channels: int, mean: list[float], std: list[float]) -> None:
    if image_size < 1:
        raise ZooError(f"`data.image_size` (={image_size}) must be positive")
    if not 0 < crop_ratio <= 1:
        raise ZooError(f"`data.crop_ratio` (={crop_ratio}) must be above 0 and at most 1")
    if channels not in (1, 3):
        raise ZooError(f"`data.channels` (={channels}) must be 1 (grey) or 3 (colour)")
    for name, values in (("mean", mean), ("std", std)):
        if len(values) != channels:
            raise ZooError(f"`data.{name}` (={values}) must have {channels} values, one for each channel")
    if min(std) <= 0:
        raise ZooError(f"`data.std` (={std}) must be positive")
