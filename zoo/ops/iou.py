"""Overlap of boxes: pairwise IoU for matching; element-wise IoU, GIoU, DIoU and CIoU for losses.

IoU with an empty box is 0. Values and gradients are finite for all finite boxes.
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
    """Computes the IoU of every xyxy box of `a` with every box of `b`."""
    intersection = pairwise_intersection(a, b)
    union = area(a)[:, None] + area(b)[None] - intersection
    return intersection / union.clamp(min=EPS)


def pairwise_intersection(a: Num[Tensor, "n 4"], b: Num[Tensor, "m 4"]) -> Float[Tensor, "n m"]:
    """Computes the intersection area in px² of every xyxy box of `a` with every box of `b`."""
    a, b = precise(a), precise(b)
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    return (high - low).clamp(min=0).prod(-1)


def pairwise_shape_iou(a: Float[Tensor, "n 2"], b: Float[Tensor, "m 2"]) -> Float[Tensor, "n m"]:
    """Computes the IoU of (width, height) pairs, as if all boxes shared a corner."""
    intersection = torch.minimum(a[:, None], b[None]).clamp(min=0).prod(-1)
    union = a.clamp(min=0).prod(-1)[:, None] + b.clamp(min=0).prod(-1)[None] - intersection
    return intersection / union.clamp(min=EPS)


def overlap(a: Float[Tensor, "*n 4"], b: Float[Tensor, "*n 4"], kind: Overlap = "iou") -> Float[Tensor, " *n"]:
    """Computes the element-wise overlap of xyxy boxes, differentiable; 1 for equal boxes larger than `EPS` px².

    GIoU: Rezatofighi et al. 2019 (arXiv:1902.09630). DIoU, CIoU: Zheng et al. 2020 (arXiv:1911.08287). As in
    torchvision, and unlike the paper, CIoU keeps α where IoU < 0.5.
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
    center_distance = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]).square().sum(-1) / 4
    diou = iou - center_distance / hull.square().sum(-1).clamp(min=EPS)
    if kind == "diou":
        return diou
    slope_a, slope_b = (torch.atan2(*size.clamp(min=EPS).unbind(-1)) for size in (size_a, size_b))
    aspect = (4 / math.pi**2) * (slope_a - slope_b).square()
    with torch.no_grad():
        alpha = aspect / (1 - iou + aspect).clamp(min=EPS)
    return diou - alpha * aspect
