"""A detector as one function of images, to be exported: boxes, scores and classes, with or without NMS."""

import torch
from torch import Tensor, nn

from zoo.ops.boxes import valid
from zoo.ops.nms import next_below, nms
from zoo.tasks.detection import Detection
from zoo.tasks.detection.metrics import MAX_DETECTIONS

_NEVER = -1.0  # below every `min_score`


class AllBoxes(nn.Module):
    """What is exported without NMS.

    Images in [0, 1] to all boxes [B N 4], xyxy in pixels of the input, their scores [B N] and classes [B N]."""

    span = (0.0, 1.0)

    def __init__(self, task: Detection) -> None:
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

    span = (0.0, 1.0)

    def __init__(self, task: Detection, *, min_score: float) -> None:
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
