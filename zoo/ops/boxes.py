"""Axis-aligned boxes: formats, area, clipping.

Coordinates are continuous pixels: a box from 0 to 10 is 10 wide (no "+1"). x points right and y down.
"""

from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float, Num
from torch import Tensor

BoxFormat = Literal["xyxy", "xywh", "cxcywh"]
COORDINATE_LIMIT = 1e9  # pixels; areas of boxes within this limit fit in float32


def convert(boxes: Num[Tensor, "*n 4"], source: BoxFormat, target: BoxFormat) -> Num[Tensor, "*n 4"]:
    """Converts boxes between formats: corners (xyxy), corner and size (xywh), center and size (cxcywh).

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


def denormalize(boxes: Float[Tensor, "*n 4"], height: float, width: float) -> Float[Tensor, "*n 4"]:
    """Scales boxes from fractions of the image to pixels."""
    return boxes * boxes.new_tensor([width, height, width, height])


def precise(boxes: Num[Tensor, "*n 4"]) -> Float[Tensor, "*n 4"]:
    """Converts boxes to float32 (float64 stays) and clamps coordinates to ±`COORDINATE_LIMIT`.

    Products of half-precision or small-integer coordinates overflow: the area of a 300×300 box exceeds float16.
    Coordinates of 1e20 overflow float32.
    """
    exact = boxes if boxes.dtype in (torch.float32, torch.float64) else boxes.float()
    return exact.clamp(-COORDINATE_LIMIT, COORDINATE_LIMIT)


def area(boxes: Num[Tensor, "*n 4"]) -> Float[Tensor, " *n"]:
    """Computes the area of xyxy boxes in px²; 0 for an empty or reversed box."""
    x1, y1, x2, y2 = precise(boxes).unbind(-1)
    return (x2 - x1).clamp(min=0) * (y2 - y1).clamp(min=0)


def clip(boxes: Num[Tensor, "*n 4"], height: float, width: float) -> Num[Tensor, "*n 4"]:
    """Clips xyxy boxes to the image; a box outside becomes an empty box at the border."""
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack([x1.clamp(0, width), y1.clamp(0, height), x2.clamp(0, width), y2.clamp(0, height)], -1)


def valid(boxes: Float[Tensor, "*n 4"]) -> Bool[Tensor, " *n"]:
    """Returns a mask of the xyxy boxes that are finite and not empty."""
    low, high = boxes.chunk(2, -1)
    sides, number = high - low, torch.finfo(boxes.dtype)
    return sides.clamp(number.tiny, number.max).eq(sides).all(-1)  # False for zero, negative, infinite and NaN sides
