"""Axis-aligned boxes: formats, area, clipping.

Coordinates are continuous pixels: a box from 0 to 10 is 10 wide (no "+1"), x grows to the right and y down.
"""

from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float, Num
from torch import Tensor

BoxFormat = Literal["xyxy", "xywh", "cxcywh"]
COORDINATE_LIMIT = 1e9  # pixels; areas of boxes inside it stay far below float32's largest number


def convert(boxes: Num[Tensor, "*n 4"], source: BoxFormat, target: BoxFormat) -> Num[Tensor, "*n 4"]:
    """Boxes of one format in another: corners, corner and size, or centre and size.

    >>> convert(torch.tensor([10.0, 20.0, 30.0, 60.0]), "xyxy", "cxcywh")
    tensor([20., 40., 20., 40.])

    Raises:
        ValueError: unknown format.
    """
    for given in (source, target):
        if given not in get_args(BoxFormat):
            raise ValueError(f"box format (={given!r}) must be one of {', '.join(get_args(BoxFormat))}")
    if source == target:
        return boxes
    a, b, c, d = boxes.unbind(-1)
    if source == "xywh":
        a, b, c, d = a, b, a + c, b + d
    elif source == "cxcywh":
        a, b, c, d = a - c / 2, b - d / 2, a + c / 2, b + d / 2
    if target == "xywh":
        a, b, c, d = a, b, c - a, d - b
    elif target == "cxcywh":
        a, b, c, d = (a + c) / 2, (b + d) / 2, c - a, d - b
    return torch.stack([a, b, c, d], -1)


def pixels(boxes: Float[Tensor, "*n 4"], height: float, width: float) -> Float[Tensor, "*n 4"]:
    """Boxes given as fractions of the image in pixels."""
    return boxes * boxes.new_tensor([width, height, width, height])


def precise(boxes: Num[Tensor, "*n 4"]) -> Float[Tensor, "*n 4"]:
    """Boxes in float32 or better, inside ±`COORDINATE_LIMIT`.

    Products of half-precision or small-integer coordinates overflow (a 300×300 box has more area than the
    largest float16), and those of 1e20 overflow float32.
    """
    exact = boxes if boxes.dtype in (torch.float32, torch.float64) else boxes.float()
    return exact.clamp(-COORDINATE_LIMIT, COORDINATE_LIMIT)


def area(boxes: Num[Tensor, "*n 4"]) -> Float[Tensor, " *n"]:
    """Area of xyxy boxes in px²; an empty or reversed box has 0."""
    x1, y1, x2, y2 = precise(boxes).unbind(-1)
    return (x2 - x1).clamp(min=0) * (y2 - y1).clamp(min=0)


def clip(boxes: Num[Tensor, "*n 4"], height: float, width: float) -> Num[Tensor, "*n 4"]:
    """The part of every xyxy box inside the image (a box outside becomes empty, at the border)."""
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack([x1.clamp(0, width), y1.clamp(0, height), x2.clamp(0, width), y2.clamp(0, height)], -1)


def valid(boxes: Float[Tensor, "*n 4"]) -> Bool[Tensor, " *n"]:
    """Which xyxy boxes are finite and have an area."""
    low, high = boxes.chunk(2, -1)
    sides, number = high - low, torch.finfo(boxes.dtype)
    return sides.clamp(number.tiny, number.max).eq(sides).all(-1)  # false for 0, what is negative, infinity and NaN
