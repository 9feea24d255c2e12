"""Non-maximum suppression: greedy, class-wise and soft."""

import math
from typing import Literal, NamedTuple

import numpy as np
import torch
import torchvision
from jaxtyping import Float, Int
from torch import Tensor

from zoo.ops.boxes import precise
from zoo.ops.iou import pairwise_iou

Kernel = Literal["compiled", "plain"]
_MAX_BATCHED = 1_000  # boxes; up to here one call for all classes is faster
_MAX_COORDINATE = 2.0**20  # pixels; with the offsets of 1,000 classes, a double keeps 21 fractional bits
PREFIX = 512  # best boxes in the first pass of NMS; scripts/benchmark.py times it


def nms(
    boxes: Float[Tensor, "n 4"], scores: Float[Tensor, " n"], iou_threshold: float, kernel: Kernel = "compiled"
) -> Int[Tensor, " kept"]:
    """Returns the indices of the boxes that greedy NMS keeps, best first; equal scores keep their input order.

    Takes the best box, drops all boxes whose IoU with it is `iou_threshold` *or more*, and repeats. Torchvision's
    kernel drops those with "more than", so it gets the next smaller float32 as threshold.
    """
    boxes, scores = precise(boxes), scores.float()
    if kernel == "compiled":
        return torchvision.ops.nms(boxes.float(), scores, next_below(iou_threshold))
    kept = []
    left = scores.argsort(descending=True, stable=True)
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        left = left[pairwise_iou(boxes[best][None], boxes[left])[0] < iou_threshold]
    return torch.stack(kept) if kept else left


def classwise_nms(
    boxes: Float[Tensor, "n 4"],
    scores: Float[Tensor, " n"],
    labels: Int[Tensor, " n"],
    iou_threshold: float,
    kernel: Kernel = "compiled",
) -> Int[Tensor, " kept"]:
    """Applies `nms` within each class and returns the kept indices of all classes, best first.

    Up to `_MAX_BATCHED` boxes are offset by class and suppressed in one call. The offset is added in double
    precision, which is exact; single precision would round. More boxes take one call per class.
    """
    if kernel == "compiled" and 0 < len(boxes) <= _MAX_BATCHED and bool(boxes.abs().max() < _MAX_COORDINATE):
        offset = torch.add(boxes.double(), labels.double()[:, None], alpha=4 * _MAX_COORDINATE)
        below = math.nextafter(iou_threshold, -math.inf) if boxes.device.type == "cpu" else next_below(iou_threshold)
        return torchvision.ops.nms(offset, scores.double(), below)
    kept = [torch.empty(0, dtype=torch.long, device=boxes.device)]
    for label in labels.unique():
        members = torch.nonzero(labels == label)[:, 0]
        kept.append(members[nms(boxes[members], scores[members], iou_threshold, kernel)])
    indices = torch.cat(kept).sort().values  # in input order, which ties keep
    return indices[scores[indices].argsort(descending=True, stable=True)]


class SoftNMS(NamedTuple):
    """Indices of the boxes that soft-NMS keeps, best first, and their lowered scores."""

    kept: Int[Tensor, " kept"]
    scores: Float[Tensor, " kept"]


def soft_nms(boxes: Float[Tensor, "n 4"], scores: Float[Tensor, " n"], *, sigma: float, min_score: float) -> SoftNMS:
    """Applies soft-NMS: multiplies the scores of neighbors by exp(−IoU²/σ) instead of dropping them.

    Boxes whose score falls below `min_score` are dropped. The Gaussian form of Bodla et al. 2017 (arXiv:1704.04503).
    """
    scores = scores.float().clone()
    kept, kept_scores = [], []
    left = torch.arange(len(scores), device=scores.device)[scores >= min_score]
    while len(left):
        place = scores[left].argmax()
        best = left[place]
        kept.append(best)
        kept_scores.append(scores[best].clone())
        left = torch.cat([left[:place], left[place + 1 :]])
        scores[left] *= torch.exp(-pairwise_iou(boxes[best][None], boxes[left])[0].square() / sigma)
        left = left[scores[left] >= min_score]
    if not kept:
        return SoftNMS(left, scores[:0])
    return SoftNMS(torch.stack(kept), torch.stack(kept_scores))


def next_below(threshold: float) -> float:
    """Returns the largest float32 below `threshold`; a float32 IoU of at least `threshold` exceeds it."""
    near = np.float32(threshold)
    return float(np.nextafter(near, np.float32(-np.inf)) if near >= threshold else near)
