"""A detector as one function of images, to be exported: boxes, scores and classes, with or without NMS."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.ops.boxes import valid
from zoo.ops.nms import next_below, nms
from zoo.tasks.detection.metrics import MAX_DETECTIONS
from zoo.tasks.export import Program, noise, require_preprocessing

if TYPE_CHECKING:
    from zoo.tasks.detection.task import Detection

_NEVER = -1.0  # below every `min_score`
_COMPARED = 256  # boxes before NMS at most; among more, one overlap may lie within a rounding error of the threshold
_ALIKE = 0.99  # of the best score; closer scores would be ordered by rounding errors


def detector_program(task: "Detection", *, format: str, with_preprocessing: bool, nms: bool) -> Program:
    """The program of a detector: images [B 3 H W] in [0, 1] to `AllBoxes`, or with `nms` to `KeptBoxes`.

    Raises:
        ZooError: a format without NMS of batches, a normalization that the images lack, or scores that are all alike.
    """
    preprocessing = require_preprocessing(task.export_metadata(), with_preprocessing=with_preprocessing)
    if nms and format != "onnx":
        raise ZooError(f"`nms` (=true) needs format=onnx: {format} has no suppression of whole batches")

    def images(batch: int) -> Tensor:
        return noise(preprocessing, batch, 0.0, 1.0)

    return Program(
        module=KeptBoxes(task, min_score=float(task.operating_point)) if nms else AllBoxes(task),
        images=images,
        metadata={**task.export_metadata(), "normalizes": False},
        stricter=_crowded(task, [images(1), images(3)]) if nms else None,
    )


class AllBoxes(nn.Module):
    """What is exported without NMS.

    Images in [0, 1] to all boxes [B N 4], xyxy in pixels of the input, their scores [B N] and classes [B N]."""

    def __init__(self, task: "Detection") -> None:
        super().__init__()
        self.task = task

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Every prediction of the network with its best class."""
        boxes, scores = self.task(images)
        best, labels = scores.max(-1)
        return boxes, best, labels


class KeptBoxes(nn.Module):
    """What is exported with NMS, to ONNX alone, whose NonMaxSuppression takes a whole batch.

    Images in [0, 1] to rows [K 7] of what is kept: number of the image in the batch, x1, y1, x2, y2, score, class, at
    most 100 of each class of an image, by image, class and falling score. The IoU threshold is the task's.
    """

    def __init__(self, task: "Detection", *, min_score: float) -> None:
        super().__init__()
        self.task = task
        self.min_score = min_score

    def forward(self, images: Tensor) -> Tensor:
        """The rows."""
        boxes, scores = self.task(images)
        best, labels = scores.max(-1)
        best = torch.where(valid(boxes), best, _NEVER)
        kept = self._symbolic(boxes, scores, best) if torch.compiler.is_exporting() else self._kept(boxes, best, labels)
        image, box = kept[:, 0], kept[:, 2]
        one = [value[image, box, None].to(boxes.dtype) for value in (best, labels)]
        return torch.cat([image[:, None].to(boxes.dtype), boxes[image, box], *one], 1)

    def _symbolic(self, boxes: Tensor, scores: Tensor, best: Tensor) -> Tensor:
        only_best = torch.where(scores == best[..., None], scores, _NEVER)  # a box has one class
        inputs = (
            boxes,
            only_best.transpose(1, 2),
            torch.tensor([MAX_DETECTIONS]),
            torch.tensor([next_below(self.task.iou_threshold)], dtype=torch.float32),  # ONNX drops "more than"
            torch.tensor([next_below(self.min_score)], dtype=torch.float32),
        )
        shape = (torch.sym_int(boxes.shape[0]), 3)  # the exporter wants a number; the file's is free
        return torch.onnx.ops.symbolic("NonMaxSuppression", inputs, dtype=torch.int64, shape=shape, version=11)

    def _kept(self, boxes: Tensor, best: Tensor, labels: Tensor) -> Tensor:
        rows = [torch.empty(0, 3, dtype=torch.long)]
        for image in range(len(boxes)):
            for label in labels[image].unique().tolist():
                chosen = torch.nonzero((labels[image] == label) & (best[image] >= self.min_score))[:, 0]
                kept = nms(boxes[image, chosen], best[image, chosen], self.task.iou_threshold)[:MAX_DETECTIONS]
                where = torch.tensor([[image, label]]).expand(len(kept), 2)
                rows.append(torch.cat([where, chosen[kept][:, None]], 1))
        return torch.cat(rows)


@torch.no_grad()
def _crowded(task: "Detection", batches: list[Tensor]) -> KeptBoxes:
    """The program with a score that boxes in noise reach: above the operating point there may be none to compare.

    Raises:
        ZooError: all scores are alike, so that no threshold separates them.
    """
    found = [AllBoxes(task)(images) for images in batches]
    scores = torch.cat([best[valid(boxes)] for boxes, best, _ in found])
    scores = scores.sort(descending=True).values[: _COMPARED + 1]
    if len(scores) < 2 or not scores[-1] < _ALIKE * scores[0]:
        raise ZooError(
            "`nms` (=true): the network scores all boxes alike, so that the file could not be checked against it: "
            "train it, or give nms=false"
        )
    half = len(scores) // 2
    last = half - 1 + int((scores[half - 1 : -1] - scores[half:]).argmax())  # in a wide gap rounding does not matter
    return KeptBoxes(task, min_score=float(scores[last : last + 2].mean()))
