"""Image files that are decoded batch by batch, or once and held in memory."""

import logging
import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from zoo.data.base import Split
from zoo.data.images.base import ImageData, Preprocessing, TensorImages
from zoo.data.images.files import UnreadableImage
from zoo.data.images.lazy_files import ImageFiles, read_all, with_advice
from zoo.data.options import require_fractions, require_statistics
from zoo.data.sampling import FreshBatches, IndexBatches
from zoo.errors import ZooError
from zoo.hardware import data_workers

_log = logging.getLogger(__name__)
_LISTED = 5  # broken files named in the warning
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class DecodedFiles(TensorImages):
    """The images of files, held in memory."""

    def __init__(self, images: UInt8[Tensor, "n c h w"], files: ImageFiles) -> None:
        super().__init__(images, files.labels)
        self.files = files

    def sample_name(self, index: int) -> str:
        """The path of an image, relative to the root."""
        return self.files.sample_name(index)


@dataclass(kw_only=True, eq=False)
class ImageFileData(ImageData):
    """Image files below `root`, each with a label.

    Validation and test images are resized to a short side of `image_size / crop_ratio` pixels and cropped to the
    central `image_size`.

    If all splits fit into `cache_mb` megabytes, they are decoded once and held in memory as uint8; otherwise worker
    processes read each batch. The augmentation crops training images out of a square as long as the short side.
    Cached images: the central square. Uncached: a random square along the long side, redrawn every epoch.

    `mean` and `std` of null are ImageNet's, or those of the pretrained weights. `on_error: skip` reads every file
    once and leaves out broken ones.

    Raises:
        ZooError: a value out of its range.
    """

    root: str
    image_size: int
    crop_ratio: float
    channels: int
    mean: list[float] | None
    std: list[float] | None
    val_fraction: float
    test_fraction: float
    on_error: str
    cache_mb: float

    def __post_init__(self) -> None:
        super().__post_init__()
        mean, std = self.mean or list(IMAGENET_MEAN[: self.channels]), self.std or list(IMAGENET_STD[: self.channels])
        _check_image(self.image_size, self.crop_ratio, self.channels, mean, std)
        require_fractions(self.val_fraction, self.test_fraction)
        if self.on_error not in ("raise", "skip"):
            raise ZooError(f"`data.on_error` (={self.on_error}) must be raise or skip")
        self.preprocessing = Preprocessing(
            size=self.image_size,
            channels=self.channels,
            mean=tuple(mean),
            std=tuple(std),
            resize="crop",
            crop_ratio=self.crop_ratio,
        )
        self.decoded_mb = 0.0
        """Size of all decoded splits; set by `load`."""
        self.skipped: list[UnreadableImage] = []
        """Files that were left out, with the reason; filled by `load`."""

    @abstractmethod
    def split_files(self, root: Path) -> dict[Split, Any]:
        """The files and labels of every split.

        Raises:
            ZooError: the data is missing or cannot be split.
        """

    def load(self) -> dict[str, Any]:
        """Finds the files, and caches what fits into memory.

        Raises:
            ZooError: as `split_files`, or a broken file.
        """
        root = Path(self.root).expanduser()
        splits = {name: self.images(root, part, name) for name, part in self.split_files(root).items()}
        self.decoded_mb = sum(len(part) * self._bytes(name) for name, part in splits.items()) / 2**20
        cache = self.decoded_mb <= self.cache_mb
        if not cache and self.on_error == "raise":
            return {str(name): part for name, part in splits.items()}
        loaded: dict[str, Any] = {name: self._read_once(part, cache) for name, part in splits.items()}
        self._warn_of_skipped(sum(map(len, splits.values())))
        return loaded

    def images(self, root: Path, files: Any, split: Split) -> ImageFiles:
        """The images of a split, which are read when they are needed."""
        random_crop = split == "train" and self.augmentation is not None
        return ImageFiles(root, files, self._reader(split), random_crop=random_crop)

    def require_readable(self, left: Any, files: Any, error: UnreadableImage) -> None:
        """Checks what is left of the files of a split without its broken ones, of which one gave `error`.

        Raises:
            ZooError: none is left.
        """
        if not len(left.labels):
            raise ZooError(f"no image of a split can be read: {error}")

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """Indices that differ in every epoch, for other crops of images that are read again."""
        return usual if self.dataset("train").in_memory else FreshBatches.like(usual)

    def loading_advice(self) -> list[str]:
        """A larger cache, or more workers."""
        cache = f"data.cache_mb={math.ceil(self.decoded_mb)} decodes all images once and holds them in memory"
        return [] if self.dataset("train").in_memory else [cache, *super().loading_advice()]

    def normalize(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Crops training images that no augmentation has cropped, and normalizes all."""
        images, labels = batch
        size = self.preprocessing.size
        return self.preprocessing.normalize(F.center_crop(images, [size, size])), labels

    def normalize_as(self, preprocessing: Mapping[str, Any]) -> bool:
        """Adopts the statistics of pretrained weights unless `mean` or `std` is configured."""
        return self.mean is None and self.std is None and super().normalize_as(preprocessing)

    def _reader(self, split: str) -> Any:
        if split != "train":
            return self.preprocessing.read
        size, channels = self._side(split), self.preprocessing.channels
        return Preprocessing(size=size, channels=channels, mean=(), std=(), resize="crop", crop_ratio=1.0).read

    def _side(self, split: str) -> int:
        size = self.preprocessing.size
        return max(round(size / self.preprocessing.crop_ratio), size) if split == "train" else size

    def _bytes(self, split: str) -> int:
        return self.preprocessing.channels * self._side(split) ** 2

    def _read_once(self, images: ImageFiles, cache: bool) -> Any:
        """Reads a split without its broken files; returns it as tensors if `cache`."""
        decoded, broken = read_all(images, keep=cache, workers=data_workers(self.num_workers))
        if broken and self.on_error == "raise":
            raise with_advice(broken[min(broken)])
        self.skipped += broken.values()
        good = np.setdiff1d(np.arange(len(images)), list(broken))
        left = images.part(good, skip_broken=self.on_error == "skip")
        if broken:
            self.require_readable(left.files, images.files, broken[min(broken)])
        if not cache:
            return left
        assert decoded is not None
        return DecodedFiles(decoded[good] if broken else decoded, left)

    def _warn_of_skipped(self, total: int) -> None:
        if not self.skipped:
            return
        named = "; ".join(f"{error.path}: {error.reason}" for error in self.skipped[:_LISTED])
        more = f"; and {len(self.skipped) - _LISTED} more" if len(self.skipped) > _LISTED else ""
        _log.warning("left out %d of %d images that cannot be read: %s%s", len(self.skipped), total, named, more)


def _check_image(image_size: int, crop_ratio: float, channels: int, mean: list[float], std: list[float]) -> None:
    if image_size < 1:
        raise ZooError(f"`data.image_size` (={image_size}) must be positive")
    if not 0 < crop_ratio <= 1:
        raise ZooError(f"`data.crop_ratio` (={crop_ratio}) must be above 0 and at most 1")
    if channels not in (1, 3):
        raise ZooError(f"`data.channels` (={channels}) must be 1 (gray) or 3 (color)")
    require_statistics(mean, std, channels)
