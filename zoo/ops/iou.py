"""Overlap of boxes: pairwise IoU for matching, element-wise IoU, GIoU, DIoU and CIoU for learning.

IoU of anything with an empty box is 0; every value and gradient is finite, for any finite boxes.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float, Num
from torch import Tensor

from zoo.ops.boxes import area, precise

Overlap = Literal["iou", "giou", "diou", "ciou"]
EPS = 1e-7


def pairwise_iou(a: Num[Tensor, "n 4"], b: Num[Tensor, "m 4"]) -> Float[Tensor, "n m"]:
    """IoU of every xyxy box of `a` with every one of `b`."""
    intersection = pairwise_intersection(a, b)
    union = area(a)[:, None] + area(b)[None] - intersection
    return intersection / union.clamp(min=EPS)


def pairwise_intersection(a: Num[Tensor, "n 4"], b: Num[Tensor, "m 4"]) -> Float[Tensor, "n m"]:
    """Common area in px² of every xyxy box of `a` with every one of `b`."""
    a, b = precise(a), precise(b)
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    return (high - low).clamp(min=0).prod(-1)


def pairwise_shape_iou(a: Float[Tensor, "n 2"], b: Float[Tensor, "m 2"]) -> Float[Tensor, "n m"]:
    """IoU of (width, height) pairs as if all boxes shared a corner: how alike two shapes are."""
    intersection = torch.minimum(a[:, None], b[None]).clamp(min=0).prod(-1)
    union = a.clamp(min=0).prod(-1)[:, None] + b.clamp(min=0).prod(-1)[None] - intersection
    return intersection / union.clamp(min=EPS)


def overlap(a: Float[Tensor, "*n 4"], b: Float[Tensor, "*n 4"], kind: Overlap = "iou") -> Float[Tensor, " *n"]:
    """Overlap of each xyxy box of `a` with its partner in `b`, differentiable; 1 for equal boxes above `EPS` px².

    GIoU: Rezatofighi et al. 2019 (arXiv:1902.09630). DIoU, CIoU: Zheng et al. 2020 (arXiv:1911.08287); as in
    most code, and unlike the paper, α is not set to 0 where IoU < 0.5.
    """
    a, b = precise(a), precise(b)
    size_a, size_b = a[..., 2:] - a[..., :2], b[..., 2:] - b[..., :2]
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    intersection = (high - low).clamp(min=0).prod(-1)
    union = area(a) + area(b) - intersection
    iou = intersection / union.clamp(min=EPS)
    if kind == "iou":
        return iou
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).clamp(min=0)
    if kind == "giou":
        hull_area = hull.prod(-1)
        return iou - (hull_area - union) / hull_area.clamp(min=EPS)
    apart = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]).square().sum(-1) / 4
    diou = iou - apart / hull.square().sum(-1).clamp(min=EPS)
    if kind == "diou":
        return diou
    slope_a, slope_b = (torch.atan2(*size.clamp(min=EPS).unbind(-1)) for size in (size_a, size_b))
    aspect = (4 / math.pi**2) * (slope_a - slope_b).square()
    with torch.no_grad():
        alpha = aspect / (1 - iou + aspect).clamp(min=EPS)
    return diou - alpha * aspect
