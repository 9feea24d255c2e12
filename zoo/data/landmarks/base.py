"""The interface of every set with points: square images, and the points of at most one object in each."""

from dataclasses import dataclass
from typing import Any

from jaxtyping import UInt8
from torch import Tensor

from zoo.data.base import DataModule
from zoo.data.gather import gather_rows
from zoo.data.images.base import to_unit
from zoo.data.landmarks.augmentation import PointAugmentation
from zoo.errors import ZooError

Target = dict[str, Tensor]
"""Of a batch of square images, with fractions of their side as coordinates:

- `present` [B]: whether an image has an object;
- `points` [B K 2] and `visible` [B K]: x and y, and whether a point is known; an unknown one has any position;
- `size` [B]: the length that errors of points are divided by;
- `labels` [B]: class indices;
- `image` [B], `origin` [B 2], `side` [B]: the index of the file, and the square in its pixels (top left, side);
- `area` [B]: the area of the object in square pixels of the file, as COCO's evaluation needs it.
"""
Batch = tuple[Tensor, Target]
LARGEST_MARGIN = 5.0  # around a given box, in units of its longer side
NO_EMPTY_IMAGE = "every training image shows an object: presence is not learned, and its metrics say nothing"


@dataclass(frozen=True, kw_only=True)
class PointLayout:
    """What the points of a set are: names, pairs that a mirrored image swaps, and lines between them."""

    names: tuple[str, ...]
    class_names: tuple[str, ...] = ("object",)
    pairs: tuple[tuple[int, int], ...] | None = None
    """Indices of left and right points, also none, (); None if they are unknown, so that no image may be mirrored."""
    skeleton: tuple[tuple[int, int], ...] = ()
    """Indices of points to join by a line."""
    sigmas: tuple[float, ...] = ()
    """COCO's tolerance of each point, relative to the object's size; empty: `DEFAULT_SIGMA`."""
    level: tuple[tuple[int, int], ...] = ()
    """Pairs of indices: on an upright object the second point lies right of the first, on a horizontal line."""
    box: bool = False
    """Whether the two points are the top left and the bottom right corner of a box."""


class MemoryPoints:
    """Images and points held in memory."""

    in_memory = True

    def __init__(self, images: UInt8[Tensor, "n 3 s s"], target: Target) -> None:
        self.images = images
        self.target = target

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, indices: Tensor) -> Batch:
        return gather_rows(self.images, indices), take(self.target, indices)


def take(target: Target, indices: Tensor) -> Target:
    """The rows of a target."""
    return {name: values[indices] for name, values in target.items()}


@dataclass(kw_only=True, eq=False)
class PointData(DataModule):
    """Square RGB images of `image_size` pixels in uint8, with a `Target` for each batch.

    Raises:
        ZooError: an `image_size` below 16.
    """

    feeds = frozenset({"landmarks"})

    image_size: int
    augmentation: PointAugmentation | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_size < 16:
            raise ZooError(f"`data.image_size` (={self.image_size}) must be at least 16")
        self.layout = PointLayout(names=())
        """Set by `load`."""

    @property
    def margin(self) -> float:
        """How far the square around a given box reaches beyond it, as a fraction of the box's longer side."""
        return 0.0

    @property
    def around_boxes(self) -> bool:
        """Whether the images are squares around given boxes."""
        return False

    @property
    def size_meaning(self) -> str:
        """What `size` is, for reports."""
        return "the square root of the area of the box around its points"

    def metadata(self) -> dict[str, Any]:
        """Number of points, classes and channels, the image size in pixels, and what the metrics need."""
        self.setup()
        return {
            "num_points": len(self.layout.names),
            "num_classes": len(self.layout.class_names),
            "in_channels": 3,
            "image_size": self.image_size,
            "level": [list(pair) for pair in self.layout.level],
            "points_are_box": self.layout.box,
            "sigmas": list(self.layout.sigmas),
        }

    def card(self) -> dict[str, Any]:
        """Names of classes and points, lines between points, and preprocessing."""
        self.setup()
        return {
            "class_names": list(self.layout.class_names),
            "point_names": list(self.layout.names),
            "skeleton": [list(line) for line in self.layout.skeleton],
            "margin": self.margin,
            "around_boxes": self.around_boxes,
            "preprocessing": {"size": self.image_size, "channels": 3, "resize": "letterbox"},
        }

    def augment(self, batch: Batch) -> Batch:
        """Applies the augmentation to a training batch."""
        if self.augmentation is None:
            return batch
        return self.augmentation(to_unit(batch[0]), batch[1], self.layout.pairs, box=self.layout.box)

    def normalize(self, batch: Batch) -> Batch:
        """Scales the images of a batch to [0, 1]."""
        return to_unit(batch[0]), batch[1]
