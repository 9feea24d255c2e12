"""Non-maximum suppression: of boxes that show the same object, keep the best."""

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
_TOGETHER = 1_000  # boxes; up to here one call for all classes is faster
_EXACT = 2.0**20  # pixels; below it, 1,000 classes apart still leave a double 21 bits behind the point
PREFIX = 512  # first guess of how many of the best boxes decide the answer; scripts/benchmark.py times it


def nms(
    boxes: Float[Tensor, "n 4"], scores: Float[Tensor, " n"], iou_threshold: float, kernel: Kernel = "compiled"
) -> Int[Tensor, " kept"]:
    """Indices of the boxes that greedy suppression keeps, best first; equal scores in their given order.

    Take the best box, drop every other whose IoU with it is `iou_threshold` *or more*, repeat. Torchvision's
    kernel drops "more than"; it is given the next smaller float32, so that a tie is dropped here too.
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
    """`nms` within every class, the survivors of all classes best first.

    Few boxes are moved apart by class and suppressed in one call, in double precision, which keeps every coordinate
    as it is (in single precision the trick rounds). Many take one call a class: each looks at its own boxes only.
    """
    if kernel == "compiled" and 0 < len(boxes) <= _TOGETHER and bool(boxes.abs().max() < _EXACT):
        apart = torch.add(boxes.double(), labels.double()[:, None], alpha=4 * _EXACT)
        below = math.nextafter(iou_threshold, -math.inf) if boxes.device.type == "cpu" else next_below(iou_threshold)
        return torchvision.ops.nms(apart, scores.double(), below)
    kept = [torch.empty(0, dtype=torch.long, device=boxes.device)]
    for label in labels.unique():
        members = torch.nonzero(labels == label)[:, 0]
        kept.append(members[nms(boxes[members], scores[members], iou_threshold, kernel)])
    together = torch.cat(kept).sort().values  # the given order, so that ties keep it
    return together[scores[together].argsort(descending=True, stable=True)]


class SoftNMS(NamedTuple):
    """What soft-NMS keeps: indices, best first, and their lowered scores."""

    kept: Int[Tensor, " kept"]
    scores: Float[Tensor, " kept"]


def soft_nms(boxes: Float[Tensor, "n 4"], scores: Float[Tensor, " n"], *, sigma: float, min_score: float) -> SoftNMS:
    """Lower the scores of neighbours by exp(−IoU²/σ) instead of dropping them.

    Bodla et al. 2017 (arXiv:1704.04503), the Gaussian form; boxes that fall below `min_score` are dropped.
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
    """The largest float32 below `threshold`: a float32 IoU exceeds it where it reaches `threshold`."""
    near = np.float32(threshold)
    return float(np.nextafter(near, np.float32(-np.inf)) if near >= threshold else near)
