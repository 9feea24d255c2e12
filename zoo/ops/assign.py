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
    x, y = ((boxes[:, :2] + boxes[:, 2:]) / 2 / stride).unbind(1)
    column, next_column = _nearest_cells(x, columns)
    row, next_row = _nearest_cells(y, rows)
    all_columns, all_rows = torch.stack([column, next_column, column]), torch.stack([row, row, next_row])  # [3 n]
    inside = (all_columns >= 0) & (all_columns < columns) & (all_rows >= 0) & (all_rows < rows)
    which, obj, anchor = (inside[:, :, None] & fits).nonzero(as_tuple=True)  # a GPU waits here, once
    return Matches(images[obj], all_rows[which, obj], all_columns[which, obj], anchor, obj)


def _nearest_cells(center: Float[Tensor, " n"], cells: int) -> tuple[Int[Tensor, " n"], Int[Tensor, " n"]]:
    """Returns the cell of each center along one axis, the last one on the far border, and the nearer neighbor."""
    cell = center.floor().clamp(max=cells - 1).clamp(min=0)
    return cell.long(), torch.where(center - cell < 0.5, cell - 1, cell + 1).long()
