"""Square regions of images: what a landmark network sees of a file."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torchvision.transforms.v2 import functional as T

from zoo.data.detection.transforms import GRAY

Box = tuple[float, float, float, float]
BOX_COLUMNS = ("box_x1", "box_y1", "box_x2", "box_y2")
"""Of a box in a table of `data=points`, and in predictions.csv."""


class Square(NamedTuple):
    """A square in pixels of an image; it may exceed the image."""

    left: int
    top: int
    side: int

    def fractions(self, points: Float[Tensor, "*n 2"]) -> Float[Tensor, "*n 2"]:
        """Points in pixels of the image as fractions of the square."""
        return (points - points.new_tensor([self.left, self.top])) / self.side

    def pixels(self, points: Float[Tensor, "*n 2"]) -> Float[Tensor, "*n 2"]:
        """The inverse of `fractions`."""
        return points * self.side + points.new_tensor([self.left, self.top])

    def cut(self, image: UInt8[Tensor, "3 h w"], size: int) -> UInt8[Tensor, "3 size size"]:
        """The square as an image of `size` × `size` pixels, antialiased; gray outside the image."""
        height, width = image.shape[-2:]
        x1, y1 = max(self.left, 0), max(self.top, 0)
        x2, y2 = min(self.left + self.side, width), min(self.top + self.side, height)
        scale = size / self.side
        left, top = round((x1 - self.left) * scale), round((y1 - self.top) * scale)
        right, bottom = max(left + 1, round((x2 - self.left) * scale)), max(top + 1, round((y2 - self.top) * scale))
        canvas = torch.full((3, size, size), round(255 * GRAY), dtype=torch.uint8)
        if x2 > x1 and y2 > y1:
            inside = T.resize(image[:, y1:y2, x1:x2], [bottom - top, right - left], antialias=True)
            canvas[:, top:bottom, left:right] = inside[:, : size - top, : size - left]
        return canvas


def whole(width: int, height: int) -> Square:
    """The smallest square around an image, as of a letterbox."""
    side = max(width, height)
    return Square((width - side) // 2, (height - side) // 2, side)


def around(box: Box, margin: float) -> Square:
    """The square around the center of an xyxy box, `margin` of its longer side wider on each side."""
    x1, y1, x2, y2 = box
    side = max(1, math.ceil(max(x2 - x1, y2 - y1) * (1 + 2 * margin)))
    return Square(round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2), side)


def fits_into(box: Box, width: int, height: int) -> bool:
    """Whether an xyxy box overlaps an image, and reaches no farther outside than the image is wide or high."""
    x1, y1, x2, y2 = box
    overlaps = x1 < x2 and y1 < y2 and x1 < width and y1 < height and x2 > 0 and y2 > 0
    return overlaps and not far_outside(box, width, height)


def far_outside(xy: Sequence[float], width: int, height: int) -> bool:
    """Whether one of the numbers x, y, x, y, … lies farther outside of an image than it is wide or high."""
    sides = (width, height)
    return not all(-sides[i % 2] <= value <= 2 * sides[i % 2] for i, value in enumerate(xy))
