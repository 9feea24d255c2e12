"""The exported program of a detector: images to boxes, scores and classes, with or without NMS."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.ops.boxes import valid
from zoo.ops.constants import uploaded
from zoo.ops.nms import next_below, nms
from zoo.tasks.detection.metrics import MAX_DETECTIONS
from zoo.tasks.export import Program, noise, require_preprocessing

if TYPE_CHECKING:
    from zoo.tasks.detection.task import Detection

_NEVER = -1.0  # a score below every threshold
_COMPARED = 256  # maximum number of boxes before NMS; among more, an IoU could round to the other side of the threshold
_ALIKE = 0.99  # fraction of the best score; rounding errors could reorder scores above it


def detector_program(task: "Detection", *, format: str, with_preprocessing: bool, nms: bool) -> Program:
    """The program of a detector: images [B 3 H W] in [0, 1] to `AllBoxes`, or with `nms` to `KeptBoxes`.

    Raises:
        ZooError: a format without NMS of batches, a normalization that the images lack, or scores that are all alike.
    """
    preprocessing = require_preprocessing(task.export_metadata(), with_preprocessing=with_preprocessing)
    if nms and format != "onnx":
        raise ZooError(f"`nms` (=true) needs format=onnx: {format} has no batched non-maximum suppression")

    def images(batch: int) -> Tensor:
        return noise(preprocessing, batch, 0.0, 1.0)

    return Program(
        module=KeptBoxes(task, min_score=float(task.operating_point)) if nms else AllBoxes(task),
        inputs=images,
        outputs=("rows",) if nms else ("boxes", "scores", "classes"),
        metadata={**task.export_metadata(), "normalizes": False},
        stricter=_crowded(task, [images(1), images(3)]) if nms else None,
    )


class AllBoxes(nn.Module):
    """The program without NMS.

    Maps images in [0, 1] to all boxes [B N 4] (xyxy in pixels of the input), their scores [B N] and classes [B N].
    """

    def __init__(self, task: "Detection") -> None:
        super().__init__()
        self.task = task

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns all boxes with their best class."""
        boxes, scores = self.task(images)
        best, labels = scores.max(-1)
        return boxes, best, labels


class KeptBoxes(nn.Module):
    """The program with NMS, for ONNX only: its NonMaxSuppression operator takes a full batch.

    Maps images in [0, 1] to rows [K 7] of the kept boxes: index of the image, x1, y1, x2, y2, score, class. Rows are
    sorted by image, class and falling score, with at most 100 rows per image and class. The IoU threshold is that of
    the task.
    """

    def __init__(self, task: "Detection", *, min_score: float) -> None:
        super().__init__()
        self.task = task
        self.min_score = min_score

    def forward(self, images: Tensor) -> Tensor:
        """Returns the rows of the kept boxes."""
        boxes, scores = self.task(images)
        best, labels = scores.max(-1)
        best = torch.where(valid(boxes), best, _NEVER)
        kept = self._symbolic(boxes, scores, best) if torch.compiler.is_exporting() else self._kept(boxes, best, labels)
        image, box = kept[:, 0], kept[:, 2]
        one = [value[image, box, None].to(boxes.dtype) for value in (best, labels)]
        return torch.cat([image[:, None].to(boxes.dtype), boxes[image, box], *one], 1)

    def _symbolic(self, boxes: Tensor, scores: Tensor, best: Tensor) -> Tensor:
        only_best = torch.where(scores == best[..., None], scores, _NEVER)  # each box keeps its best class only
        inputs = (
            boxes,
            only_best.transpose(1, 2),
            torch.tensor([MAX_DETECTIONS]),
            torch.tensor([next_below(self.task.iou_threshold)], dtype=torch.float32),  # ONNX drops strictly above it
            torch.tensor([next_below(self.min_score)], dtype=torch.float32),
        )
        shape = (torch.sym_int(boxes.shape[0]), 3)  # the exporter needs a value; the size is dynamic in the file
        return torch.onnx.ops.symbolic("NonMaxSuppression", inputs, dtype=torch.int64, shape=shape, version=11)

    def _kept(self, boxes: Tensor, best: Tensor, labels: Tensor) -> Tensor:
        rows = [torch.empty(0, 3, dtype=torch.long, device=boxes.device)]
        for image in range(len(boxes)):
            for label in labels[image].unique().tolist():
                chosen = torch.nonzero((labels[image] == label) & (best[image] >= self.min_score))[:, 0]
                kept = nms(boxes[image, chosen], best[image, chosen], self.task.iou_threshold)[:MAX_DETECTIONS]
                where = uploaded([image, label], labels.device, labels.dtype).expand(len(kept), 2)
                rows.append(torch.cat([where, chosen[kept][:, None]], 1))
        return torch.cat(rows)


@torch.no_grad()
def _crowded(task: "Detection", batches: list[Tensor]) -> KeptBoxes:
    """The program with a score threshold that some boxes of noise images exceed.

    At the operating point noise may give no boxes, and the check of the file would compare nothing.

    Raises:
        ZooError: all scores are nearly equal, so that no threshold separates them.
    """
    outputs = [AllBoxes(task)(images) for images in batches]
    scores = torch.cat([best[valid(boxes)] for boxes, best, _ in outputs])
    scores = scores.sort(descending=True).values[: _COMPARED + 1]
    if len(scores) < 2 or not scores[-1] < _ALIKE * scores[0]:
        raise ZooError(
            "`nms` (=true): the network scores all boxes alike, so that the file could not be checked against it: "
            "train it, or give nms=false"
        )
    half = len(scores) // 2
    last = half - 1 + int((scores[half - 1 : -1] - scores[half:]).argmax())  # the widest gap
    return KeptBoxes(task, min_score=float(scores[last : last + 2].mean()))
