"""Image files in one folder per class."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.base import Split
from zoo.data.class_folders import find_files
from zoo.data.images.base import ImageClassificationData
from zoo.data.images.check import check_files
from zoo.data.images.file_data import ImageFileData
from zoo.data.images.files import IMAGES, UnreadableImage
from zoo.data.images.imagenet import same_classes
from zoo.data.images.repeated_batches import RepeatedBatches
from zoo.data.sampling import IndexBatches
from zoo.data.splits import cut_splits
from zoo.errors import ZooError


@dataclass(kw_only=True, eq=False)
class ImageFolder(ImageFileData, ImageClassificationData):
    """Photographs in class folders below `root`, or below `root/train`, `root/val` and `root/test`.

    A missing split is cut out of the training images, with the same fraction of each class. `ImageFileData` has the
    options of reading. With `repeats`, training batches hold so many copies of each image, which are augmented
    separately.

    Raises:
        ZooError: a value out of its range.
    """

    repeats: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.repeats <= self.batch_size:
            raise ZooError(f"`data.repeats` (={self.repeats}) must be 1 … data.batch_size (={self.batch_size})")

    def split_files(self, root: Path) -> dict[Split, Any]:
        """Finds the class names and the files, and cuts missing splits out of training.

        Raises:
            ZooError: another layout of folders, or a class with too few images to be split.
        """
        given, self.class_names = self.find(root)
        fractions: dict[Split, float] = {"test": self.test_fraction, "val": self.val_fraction}
        return cut_splits(given, self.class_names, fractions, self.seed, IMAGES.noun)

    def find(self, root: Path) -> tuple[dict[Split, Any], list[str]]:
        """The images of the given splits, and the class names."""
        return find_files(root, IMAGES)

    def match_classes(self, names: Sequence[str]) -> str | None:
        """Takes the published names of the classes of ImageNet for folders that are its WordNet ids."""
        if not same_classes(self.class_names, names):
            return None
        self.class_names = list(names)
        return "classes: the folders are the WordNet ids of ImageNet-1k, in the order of the model's classes"

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """Batches with repeated images if `repeats` is above 1."""
        batches = super().train_batches(usual)
        return RepeatedBatches.like(batches, self.repeats) if self.repeats > 1 else batches

    def check(self, folder: Path) -> bool:
        """Prints the content of the folders, broken images, and images that lie in two classes or splits."""
        root = Path(self.root).expanduser()
        given, names = self.find(root)
        return check_files({split: self.images(root, files, split) for split, files in given.items()}, names)

    def require_readable(self, left: Any, files: Any, error: UnreadableImage) -> None:
        """Checks that a readable file of each class is left.

        Raises:
            ZooError: names a class without one.
        """
        for label in np.setdiff1d(files.labels, left.labels):
            raise ZooError(f"no image of class `{self.class_names[label]}` can be read: {error}")
