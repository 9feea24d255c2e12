"""At most one rotated digit on a photograph, with the corners of its frame; available offline."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from zoo.data.base import DataModule, Split
from zoo.data.detection.digit_scenes import FreshBatches
from zoo.data.detection.pasting import (
    Material,
    background,
    ink_box,
    material,
    object_heights,
    paste,
    render_digit,
    scene_counts,
)
from zoo.data.images.base import to_unit
from zoo.data.options import Range
from zoo.data.sampling import IndexBatches

_SPLIT_CODE: dict[Split, int] = {"train": 10, "val": 11, "test": 12}
_ROTATION = 30  # largest rotation in degrees
_EMPTY = 0.2  # fraction of images without a digit


class CornerScenes:
    """Images drawn on demand; an image depends on `key` and its index alone."""

    in_memory = True

    def __init__(
        self, source: Material, *, size: int, heights: tuple[float, float], count: int, key: list[int]
    ) -> None:
        self.source = source
        self.size = size
        self.heights = heights
        self.count = count
        self.key = key

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, indices: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        images, present, points, labels = zip(*(self.make(i) for i in indices.tolist()), strict=True)
        target = {"present": torch.tensor(present), "points": torch.stack(points), "labels": torch.tensor(labels)}
        return torch.stack(images), target

    def make(self, index: int) -> tuple[UInt8[Tensor, "3 s s"], bool, Float[Tensor, "4 2"], int]:
        """An image, whether it has a digit, the corners as fractions of the image, and the class."""
        rng = np.random.default_rng([*self.key, index])
        canvas = background(self.source.photographs, self.size, rng)
        number = int(rng.integers(len(self.source.labels)))
        height = round(float(np.exp(rng.uniform(*np.log(self.heights)))))
        degrees = float(rng.uniform(-_ROTATION, _ROTATION))
        ink, corners = render_digit(
            self.source.digits[number], width=round(0.8 * height), height=height, degrees=degrees
        )
        box = ink_box(ink)
        empty = box is None or rng.random() < _EMPTY
        place = torch.zeros(4, 2)
        if box is not None and not empty:
            extents = (box[2] - box[0], box[3] - box[1])
            x, y = (int(rng.integers(max(self.size - extent, 0) + 1)) for extent in extents)
            pasted = paste(canvas, ink, corners, box, (x, y), rng)
            place = torch.from_numpy(pasted.corners / self.size).float()
        image = torch.from_numpy(np.array(canvas)).permute(2, 0, 1).contiguous()
        return image, not empty, place, int(self.source.labels[number])


@dataclass(kw_only=True, eq=False)
class DigitCorners(DataModule):
    """Digits of scikit-learn, rotated by up to 30°, on crops of its photographs; a fifth of the images has no digit.

    The four points are the corners of the digit's frame, clockwise from the digit's own top left: the network has to
    recognize which way is up. New training scenes in every epoch; the splits share neither digits nor photographs.

    Raises:
        ZooError: an object size outside the image, or a split without scenes.
    """

    feeds = frozenset({"landmarks"})

    train_scenes: int
    val_scenes: int
    test_scenes: int
    image_size: int
    object_size: Range

    def __post_init__(self) -> None:
        super().__post_init__()
        self.counts = scene_counts(train=self.train_scenes, val=self.val_scenes, test=self.test_scenes)
        self.heights = object_heights(self.object_size, self.image_size)

    def load(self) -> dict[str, Any]:
        """The three splits."""
        return {
            split: CornerScenes(
                material(split, seed=0),
                size=self.image_size,
                heights=self.heights,
                count=count,
                key=[self.seed if split == "train" else 0, _SPLIT_CODE[split]],
            )
            for split, count in self.counts.items()
        }

    def metadata(self) -> dict[str, Any]:
        """Number of points, classes and channels, and the image size in pixels."""
        return {"num_points": 4, "num_classes": 10, "in_channels": 3, "image_size": self.image_size}

    def card(self) -> dict[str, Any]:
        """Class names and preprocessing."""
        return {
            "class_names": [str(digit) for digit in range(10)],
            "preprocessing": {"size": self.image_size, "channels": 3, "resize": "letterbox"},
        }

    def normalize(self, batch: tuple[Tensor, dict[str, Tensor]]) -> tuple[Tensor, dict[str, Tensor]]:
        """Scales the images of a batch to [0, 1]."""
        return to_unit(batch[0]), batch[1]

    def sampler(self, name: Split) -> IndexBatches:
        """New scenes in every epoch for training, the same scenes for validation and test."""
        usual = super().sampler(name)
        assert isinstance(usual, IndexBatches)
        return FreshBatches.like(usual) if name == "train" else usual
