"""Post-processing of a detector: dense predictions to the detections of an image."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zoo.ops.boxes import valid
from zoo.ops.nms import PREFIX, Kernel, classwise_nms, soft_nms


class Detections(NamedTuple):
    """Boxes of one image, best first: xyxy in pixels, score in [0, 1], class."""

    boxes: Float[Tensor, "n 4"]
    scores: Float[Tensor, " n"]
    labels: Int[Tensor, " n"]


def clip_detections(found: Detections, area: Float[Tensor, "4"]) -> Detections:
    """Clips detections to the xyxy `area` of the image and drops those in the padding."""
    low, high = area.to(found.boxes).chunk(2)
    boxes = found.boxes.clamp(low.repeat(2), high.repeat(2))
    shown = valid(boxes)
    return Detections(boxes[shown], found.scores[shown], found.labels[shown])


def select(
    boxes: Float[Tensor, "n 4"],
    scores: Float[Tensor, "n classes"],
    *,
    min_score: float,
    iou_threshold: float,
    max_detections: int,
    soft_sigma: float | None = None,
    kernel: Kernel = "compiled",
) -> Detections:
    """Selects the detections of one image: the best class of each box, then class-wise NMS.

    Discards boxes below `min_score`, empty boxes and boxes that are not finite. `soft_sigma` switches to soft-NMS.

    The result is exact: greedy NMS over the best k boxes is a prefix of greedy NMS over all. So NMS starts with the
    `PREFIX` best boxes, and takes four times as many while fewer than `max_detections` remain.
    """
    best = scores.float().amax(-1) if scores.shape[-1] else scores.new_zeros(len(scores))
    alive = torch.nonzero(best >= min_score)[:, 0]
    usable = valid(boxes[alive])
    if not usable.all():  # rare, and the check is faster than indexing
        alive = alive[usable]
    alive = alive[best[alive].argsort(descending=True, stable=True)]
    if not len(alive):
        return Detections(boxes[:0].float(), best[:0], alive)
    if soft_sigma is not None:
        return _soft(*_of(alive, boxes, best, scores), soft_sigma, min_score, max_detections)
    size = PREFIX
    while True:
        first = _of(alive[:size], boxes, best, scores)
        kept = classwise_nms(*first, iou_threshold, kernel)
        if len(kept) >= max_detections or size >= len(alive):
            kept = kept[:max_detections]
            return Detections(first.boxes[kept], first.scores[kept], first.labels[kept])
        size *= 4


def select_each(
    boxes: Float[Tensor, "b n 4"],
    scores: Float[Tensor, "b n classes"],
    *,
    min_score: float,
    iou_threshold: float,
    max_detections: int,
    soft_sigma: float | None = None,
) -> list[Detections]:
    """Selects the detections of each image of a batch."""
    return [
        select(
            b,
            s,
            min_score=min_score,
            iou_threshold=iou_threshold,
            max_detections=max_detections,
            soft_sigma=soft_sigma,
        )
        for b, s in zip(boxes, scores, strict=True)
    ]


def _of(rows: Tensor, boxes: Tensor, best: Tensor, scores: Tensor) -> Detections:
    """Returns the boxes at `rows` with their best class; the argmax over classes runs on these rows only."""
    return Detections(boxes[rows].float(), best[rows], scores[rows].argmax(-1))


def _soft(
    boxes: Tensor, scores: Tensor, labels: Tensor, sigma: float, min_score: float, max_detections: int
) -> Detections:
    kept, lowered = [labels[:0]], [scores[:0]]
    for label in labels.unique():
        members = torch.nonzero(labels == label)[:, 0]
        result = soft_nms(boxes[members], scores[members], sigma=sigma, min_score=min_score)
        kept.append(members[result.kept])
        lowered.append(result.scores)
    index, score = torch.cat(kept), torch.cat(lowered)
    order = score.argsort(descending=True, stable=True)[:max_detections]
    return Detections(boxes[index[order]], score[order], labels[index[order]])
