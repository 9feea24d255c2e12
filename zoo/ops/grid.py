"""The grid encoding of YOLO: boxes to cells and back.

In the frame of a cell the top-left corner is (0, 0) and the bottom-right corner (1, 1). A prediction is the vector

    pc, bx, by, bh, bw, c1 … cC

- pc: objectness
- (bx, by): the center of the object in the frame of the cell
- (bh, bw): its height and width in cells, which may exceed 1
- c1 … cC: 0 or 1 for each class
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor

from zoo.ops.iou import pairwise_shape_iou


def encode(
    boxes: Float[Tensor, "n 4"],
    labels: Int[Tensor, " n"],
    anchors: Float[Tensor, "a 2"],
    *,
    stride: int,
    rows: int,
    columns: int,
    num_classes: int,
) -> Float[Tensor, "rows columns a values"]:
    """Encodes the objects of one image as a target grid: the cell of the center, at the anchor of highest shape IoU.

    `boxes` are xyxy in pixels, `anchors` (width, height) in pixels. An object centered on or beyond the border
    belongs to the nearest cell. At a position taken twice, the later object overwrites the earlier.

    Example: 300×300 pixels, a 3×3 grid, an upright and a flat anchor, and three classes give a 3×3×2×8 target.
    A car (class 1) of 180×90 pixels has its center at (150, 210): row 2, column 1, the flat anchor.

    >>> anchors = torch.tensor([[60.0, 150.0], [150.0, 60.0]])
    >>> car = torch.tensor([[60.0, 165.0, 240.0, 255.0]])
    >>> y = encode(car, torch.tensor([1]), anchors, stride=100, rows=3, columns=3, num_classes=3)
    >>> y.shape
    torch.Size([3, 3, 2, 8])
    >>> y[2, 1, 1]  # pc, bx, by, bh, bw, c1, c2, c3
    tensor([1.0000, 0.5000, 0.1000, 0.9000, 1.8000, 0.0000, 1.0000, 0.0000])
    >>> y[2, 1, 0], int(y[..., 0].sum())  # the other anchor of the cell, and all objects
    (tensor([0., 0., 0., 0., 0., 0., 0., 0.]), 1)
    """
    target = boxes.new_zeros(rows, columns, len(anchors), 5 + num_classes)
    anchor_of = pairwise_shape_iou(boxes[:, 2:] - boxes[:, :2], anchors).argmax(1)
    for box, label, anchor in zip(boxes, labels.tolist(), anchor_of.tolist(), strict=True):
        x, y = (box[:2] + box[2:]) / 2 / stride
        row, column = max(min(int(y), rows - 1), 0), max(min(int(x), columns - 1), 0)
        width, height = (box[2:] - box[:2]) / stride
        target[row, column, anchor] = 0
        target[row, column, anchor, :5] = torch.stack([torch.ones_like(x), x - column, y - row, height, width])
        target[row, column, anchor, 5 + label] = 1
    return target


class Predictions(NamedTuple):
    """Boxes in pixels, the probability of an object, and that of each class given an object."""

    boxes: Float[Tensor, "*shape 4"]
    objectness: Float[Tensor, "*shape"]
    classes: Float[Tensor, "*shape c"]


def to_pixels(
    cells: Float[Tensor, "*shape 4"], row: Num[Tensor, "..."], column: Num[Tensor, "..."], stride: int
) -> Float[Tensor, "*shape 4"]:
    """Converts bx, by, bh, bw in the frame of the cell at `row` and `column` to xyxy boxes in pixels."""
    x, y = (cells[..., 0] + column) * stride, (cells[..., 1] + row) * stride
    half_height, half_width = cells[..., 2] * stride / 2, cells[..., 3] * stride / 2
    return torch.stack([x - half_width, y - half_height, x + half_width, y + half_height], -1)


def activate(raw: Float[Tensor, "*shape 4"], anchors: Float[Tensor, "*shape2 2"], stride: int) -> Tensor:
    """Maps raw tx, ty, th, tw to bx, by, bh, bw in the frame of the cell.

    The center is 2σ(t) − ½, which reaches into the neighbor cells. The size is (2σ(t))²·anchor, at most four
    anchors. This is the form of YOLOv5 (Jocher 2020) instead of YOLOv3's unbounded exponential.
    """
    sigmoid = raw.sigmoid()
    return torch.cat([2 * sigmoid[..., :2] - 0.5, (2 * sigmoid[..., 2:]).square() * anchors.flip(-1) / stride], -1)


def deactivate(cells: Float[Tensor, "*shape 4"], anchors: Float[Tensor, "*shape2 2"], stride: int) -> Tensor:
    """Maps bx, by, bh, bw back to raw values; the inverse of `activate`."""
    center = (cells[..., :2] + 0.5) / 2
    size = (cells[..., 2:] * stride / anchors.flip(-1)).sqrt() / 2
    return torch.logit(torch.cat([center, size], -1))


def decode(raw: Float[Tensor, "b rows columns a values"], anchors: Float[Tensor, "a 2"], *, stride: int) -> Predictions:
    """Decodes a raw grid to boxes in pixels and probabilities."""
    raw = raw.float()
    row = torch.arange(raw.shape[1], device=raw.device).view(-1, 1, 1)
    column = torch.arange(raw.shape[2], device=raw.device).view(1, -1, 1)
    boxes = to_pixels(activate(raw[..., 1:5], anchors, stride), row, column, stride)
    return Predictions(boxes, raw[..., 0].sigmoid(), raw[..., 5:].sigmoid())


def decode_all(
    grids: tuple[Tensor, ...], anchors: Float[Tensor, "levels a 2"], strides: list[int]
) -> tuple[Float[Tensor, "b n 4"], Float[Tensor, "b n c"]]:
    """Decodes all levels to boxes in pixels and scores (objectness × class probability), concatenated."""
    boxes, scores = [], []
    for raw, shapes, stride in zip(grids, anchors, strides, strict=True):
        found = decode(raw, shapes, stride=stride)
        boxes.append(found.boxes.flatten(1, 3))
        scores.append((found.objectness[..., None] * found.classes).flatten(1, 3))
    return torch.cat(boxes, 1), torch.cat(scores, 1)
