"""Post-processing of a YOLO output, beside torchvision's batched_nms."""

from collections.abc import Iterator
from functools import partial

import torch
import torchvision
from torch import Tensor

from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.suites.postprocess import ANCHORS, CLASSES, THRESHOLD, YOLO_IOU, YOLO_KEPT, yolo_output
from benchmarks.timing import Measured, compare
from zoo.ops.detections import Detections, select


def cases(settings: Settings) -> Iterator[Case]:
    """Three shares of boxes above the threshold."""
    for percent in (1, 10, 100):
        yield Case(
            name=f"YOLO output [1, {4 + CLASSES}, {ANCHORS}], {percent} % of the anchors above the threshold",
            peer="torchvision's batched_nms",
            measure=partial(_measure, percent, settings),
        )


def _measure(percent: int, settings: Settings) -> Measured:
    output = yolo_output(percent).to(settings.device)[0]
    boxes, scores = torchvision.ops.box_convert(output[:4].T, "cxcywh", "xyxy"), output[4:].T

    def ours() -> Detections:
        return select(boxes, scores, min_score=THRESHOLD, iou_threshold=YOLO_IOU, max_detections=YOLO_KEPT)

    def theirs() -> Tensor:
        best, labels = scores.max(1)
        alive = torch.nonzero(best > THRESHOLD)[:, 0]
        kept = torchvision.ops.batched_nms(boxes[alive], best[alive], labels[alive], YOLO_IOU)[:YOLO_KEPT]
        return torch.cat([boxes[alive][kept], best[alive][kept, None], labels[alive][kept, None]], 1)

    same = {tuple(row) for row in ours().boxes.tolist()} & {tuple(row[:4]) for row in theirs().tolist()}
    return compare(ours, theirs, settings, note=f"{len(ours().boxes)} boxes, {len(same)} of them among theirs")
