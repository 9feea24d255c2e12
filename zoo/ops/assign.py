"""Assignment of objects to the predictions of a grid."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zoo.ops.anchors import shape_ratio


class Matches(NamedTuple):
    """Positions in a batch of grids, each with the index of its object; an object may have several positions."""

    image: Int[Tensor, " m"]
    row: Int[Tensor, " m"]
    column: Int[Tensor, " m"]
    anchor: Int[Tensor, " m"]
    object: Int[Tensor, " m"]


def assign_by_shape(
    boxes: Float[Tensor, "n 4"],
    images: Int[Tensor, " n"],
    anchors: Float[Tensor, "a 2"],
    *,
    stride: int,
    rows: int,
    columns: int,
    ratio: float,
) -> Matches:
    """Matches boxes with every anchor within a factor of `ratio`, in the center's cell and its two nearest neighbors.

    This is the rule of YOLOv5 (Jocher 2020). Several matches per object speed up training from scratch, compared
    with the single match of `zoo.ops.grid`.

    `boxes` are xyxy in pixels; `images` holds the image index of each box.
    """
    fits = shape_ratio((boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-6), anchors) < ratio
    obj, anchor = torch.nonzero(fits, as_tuple=True)
    center = (boxes[obj, :2] + boxes[obj, 2:]) / 2 / stride
    limit = center.new_tensor([columns, rows])
    cell = torch.minimum(center.floor(), limit - 1).clamp(min=0)  # the last cell for a center on the far border
    side = torch.where(center - cell < 0.5, -1.0, 1.0)  # the nearer neighbor along x and along y
    zero = torch.zeros_like(side[:, 0])
    steps = torch.stack([torch.stack([zero, zero], 1), side * side.new_tensor([1, 0]), side * side.new_tensor([0, 1])])
    cells = cell + steps  # [3 m 2]
    inside = ((cells >= 0) & (cells < limit)).all(-1)
    column, row = cells[inside].long().unbind(-1)
    obj, anchor = obj.expand(3, -1)[inside], anchor.expand(3, -1)[inside]
    return Matches(images[obj], row, column, anchor, obj)
