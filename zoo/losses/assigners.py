"""Assigners: which predictions of a detector learn which objects."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.ops.assign import Matches, assign_by_shape


class Objects(NamedTuple):
    """The objects of a batch: boxes xyxy in pixels, classes, and the image that each belongs to."""

    boxes: Float[Tensor, "n 4"]
    labels: Int[Tensor, " n"]
    images: Int[Tensor, " n"]


class Assigner(nn.Module, ABC):
    """Assigns objects to predictions."""

    @abstractmethod
    def forward(
        self, grids: tuple[Tensor, ...], objects: Objects, anchors: Float[Tensor, "levels a 2"], strides: list[int]
    ) -> list[Matches]:
        """The matches of each level.

        `grids` are raw predictions [B rows columns a 5+c], the finest level first. An assigner needs no gradient.
        """


class ShapeRatio(Assigner):
    """Assigns an object to every anchor of like shape, in the cell of its centre and the two nearest neighbours.

    The rule of YOLOv5 (Jocher 2020): an anchor fits if it must be stretched by less than `max_ratio`.

    Raises:
        ZooError: a `max_ratio` of 1 or less, or of more than the 4 that a decoded box can be stretched.
    """

    def __init__(self, *, max_ratio: float) -> None:
        super().__init__()
        if not 1 < max_ratio <= 4:
            raise ZooError(f"`max_ratio` (={max_ratio}) must be above 1 and at most 4")
        self.max_ratio = max_ratio

    def forward(
        self, grids: tuple[Tensor, ...], objects: Objects, anchors: Float[Tensor, "levels a 2"], strides: list[int]
    ) -> list[Matches]:
        """The matches of each level, whatever the predictions."""
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
