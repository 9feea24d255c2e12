"""Assigners: match the predictions of a detector with objects."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.ops.assign import Matches, assign_by_shape


class Objects(NamedTuple):
    """The objects of a batch: xyxy boxes in pixels, classes, and image indices."""

    boxes: Float[Tensor, "n 4"]
    labels: Int[Tensor, " n"]
    images: Int[Tensor, " n"]


class Assigner(nn.Module, ABC):
    """Matches objects with predictions."""

    @abstractmethod
    def forward(
        self, grids: tuple[Tensor, ...], objects: Objects, anchors: Float[Tensor, "levels a 2"], strides: list[int]
    ) -> list[Matches]:
        """Returns the matches of each level.

        `grids` are raw predictions [B rows columns a 5+c], the finest level first. Matches carry no gradient.
        """


class ShapeRatio(Assigner):
    """Matches an object with every anchor of similar shape, in the center's cell and its two nearest neighbors.

    The rule of YOLOv5 (Jocher 2020): width and height of anchor and box differ by a factor below `max_ratio`.

    Raises:
        ZooError: `max_ratio` outside (1, 4]; a decoded box is at most 4 times its anchor.
    """

    def __init__(self, *, max_ratio: float) -> None:
        super().__init__()
        if not 1 < max_ratio <= 4:
            raise ZooError(f"`max_ratio` (={max_ratio}) must be above 1 and at most 4")
        self.max_ratio = max_ratio

    def forward(
        self, grids: tuple[Tensor, ...], objects: Objects, anchors: Float[Tensor, "levels a 2"], strides: list[int]
    ) -> list[Matches]:
        """Returns the matches of each level, which depend on shapes and positions only."""
        return [
            assign_by_shape(
                objects.boxes,
                objects.images,
                shapes,
                stride=stride,
                rows=raw.shape[1],
                columns=raw.shape[2],
                ratio=self.max_ratio,
            )
            for raw, shapes, stride in zip(grids, anchors, strides, strict=True)
        ]
