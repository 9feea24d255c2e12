"""Images that a network of style transfer is trained on: files of a folder, or built-in photographs and scenes."""

from dataclasses import dataclass
from typing import Any

from jaxtyping import Float, UInt8
from torch import Tensor

from zoo.data.base import Split
from zoo.data.images.base import to_unit
from zoo.data.options import require_count
from zoo.data.sampling import FreshBatches, IndexBatches
from zoo.data.style.base import PictureData, StyleData
from zoo.data.style.scenes import Scenes
from zoo.data.style.squares import split_squares


@dataclass(kw_only=True, eq=False)
class SquareData(PictureData):
    """Square images of `image_size`, new ones in every epoch of training.

    They are those of the files below `root`. Without a root, half are crops of scikit-learn's photographs, of which
    each split has its own strips, and half are drawn scenes.

    Raises:
        ZooError: a split without images, or a folder with fewer than three.
    """

    root: str | None
    train_pictures: int
    val_pictures: int
    test_pictures: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self.counts: dict[Split, int] = {
            "train": self.train_pictures,
            "val": self.val_pictures,
            "test": self.test_pictures,
        }
        for split, count in self.counts.items():
            require_count(f"{split}_pictures", count)

    def load(self) -> dict[str, Any]:
        """The three splits."""
        if self.root is not None:
            given = split_squares("root", self.root, self.counts, self.image_size, self.seed)
            return {str(split): images for split, images in given.items()}
        return {split: Scenes(split, self.image_size, count, self.seed) for split, count in self.counts.items()}

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """New images in every epoch."""
        return FreshBatches.like(usual)


@dataclass(kw_only=True, eq=False)
class StylePictures(SquareData, StyleData):
    """Square images in batches [B 3 S S], and one style."""

    feeds = frozenset({"fast style"})

    def normalize(self, batch: UInt8[Tensor, "b 3 s s"]) -> Float[Tensor, "b 3 s s"]:
        """Scales images to [0, 1]."""
        return to_unit(batch)
