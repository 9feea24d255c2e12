"""At most one rotated digit on a photograph, with the corners of its frame; available offline."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from zoo.data.base import Split
from zoo.data.detection.pasting import (
    Material,
    background,
    ink_box,
    object_heights,
    paste,
    render_digit,
    scene_counts,
)
from zoo.data.landmarks.base import Batch, MemoryPoints, PointData, PointLayout, Target
from zoo.data.landmarks.tiles import tiles
from zoo.data.options import Range
from zoo.data.sampling import FreshBatches, IndexBatches

_SPLIT_CODE: dict[Split, int] = {"train": 10, "val": 11, "test": 12}
_ROTATION = 30  # largest rotation in degrees
_EMPTY = 0.2  # fraction of images without a digit
_NAMES = ("top left", "top right", "bottom right", "bottom left")  # of the upright digit
_FRAME = ((0, 1), (1, 2), (2, 3), (3, 0))


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

    def __getitem__(self, indices: Tensor) -> Batch:
        images, present, points, labels = zip(*(self.make(i) for i in indices.tolist()), strict=True)
        corners = torch.stack(points)
        size = box_size(corners)
        target: Target = {
            "present": torch.tensor(present),
            "points": corners,
            "visible": torch.tensor(present)[:, None].expand(-1, 4).clone(),
            "size": size,
            "labels": torch.tensor(labels),
            "image": indices,
            "origin": torch.zeros(len(indices), 2),
            "side": torch.full((len(indices),), float(self.size)),
            "area": (size * self.size) ** 2,
        }
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
            rows, columns = ink.shape  # of the turned frame, which lies inside the image as a whole
            x, y = (int(rng.integers(max(self.size - extent, 0) + 1)) for extent in (columns, rows))
            pasted = paste(canvas, ink, corners, box, (x + box[0], y + box[1]), rng)
            place = torch.from_numpy(pasted.corners / self.size).float()
        image = torch.from_numpy(np.array(canvas)).permute(2, 0, 1).contiguous()
        return image, not empty, place, int(self.source.labels[number])


def box_size(points: Float[Tensor, "b k 2"]) -> Float[Tensor, " b"]:
    """The square root of the area of the box around the points; the size that errors are relative to."""
    return (points.amax(1) - points.amin(1)).clamp(min=1e-6).prod(1).sqrt()


@dataclass(kw_only=True, eq=False)
class DigitCorners(PointData):
    """Digits of scikit-learn, rotated by up to 30°, on crops of its photographs; a fifth of the images has no digit.

    The four points are the corners of the digit's frame, clockwise from the digit's own top left: the network has to
    recognize which way is up. New training scenes in every epoch; the splits share neither digits nor backgrounds.

    Raises:
        ZooError: an object size outside the image, or a split without scenes.
    """

    train_scenes: int
    val_scenes: int
    test_scenes: int
    object_size: Range

    def __post_init__(self) -> None:
        super().__post_init__()
        self.counts = scene_counts(train=self.train_scenes, val=self.val_scenes, test=self.test_scenes)
        self.heights = object_heights(self.object_size, self.image_size)

    def load(self) -> dict[str, Any]:
        """Training scenes drawn on demand; validation and test scenes drawn once."""
        self.layout = PointLayout(names=_NAMES, class_names=tuple(map(str, range(10))), skeleton=_FRAME)
        scenes = {
            split: CornerScenes(
                tiles(split),
                size=self.image_size,
                heights=self.heights,
                count=count,
                key=[self.seed if split == "train" else 0, _SPLIT_CODE[split]],
            )
            for split, count in self.counts.items()
        }
        drawn = {name: MemoryPoints(*scenes[name][torch.arange(self.counts[name])]) for name in ("val", "test")}
        return {"train": scenes["train"], **drawn}

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """New scenes in every epoch."""
        return FreshBatches.like(usual)
