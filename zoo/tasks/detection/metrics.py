"""COCO mean average precision, and precision and recall at the operating point."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torchmetrics.detection import MeanAveragePrecision

from zoo.ops.boxes import convert
from zoo.ops.detections import Detections
from zoo.tasks.detection.matching import (
    OperatingPoint,
    Target,
    best_operating_point,
    clip_to_images,
    ignored_regions,
    operating_point_at,
    score_detections,
)

MAX_DETECTIONS = 100  # per image, as in COCO
# In double precision: torchmetrics' own single-precision thresholds disagree with pycocotools' on exact ties.
_IOUS = np.linspace(0.5, 0.95, 10).tolist()
_RECALLS = np.linspace(0.0, 1.0, 101).tolist()


class DetectionMetrics(MeanAveragePrecision):
    """`map`, `map_50`, `map_75` as in COCO; `precision`, `recall` and `f1` at the score threshold `at`.

    Without `at` the threshold is the score with the highest F1. `point` holds the threshold used.
    """

    def __init__(self, *, per_class: bool = False, sync_on_compute: bool = True) -> None:
        with torch.device("cpu"):  # it reads values of its tensors, also where a model is built without memory
            super().__init__(
                iou_thresholds=_IOUS,
                rec_thresholds=_RECALLS,
                class_metrics=per_class,
                backend="faster_coco_eval",
                sync_on_compute=sync_on_compute,
            )
        self.at: float | None = None
        self.point: OperatingPoint | None = None

    def add(self, found: list[Detections], targets: list[Target]) -> None:
        """Adds a batch, clipped to its images; `ignore` regions of a target count as COCO crowds."""
        found = clip_to_images(found, targets)
        truth = [_with_crowds(*pair) for pair in zip(found, targets, strict=True)]
        self.update([detections._asdict() for detections in found], truth)

    def compute(self) -> dict[str, Tensor]:
        """The metrics by name; with `per_class` also the average precision of each class and size."""
        values = super().compute()
        names = ["map", "map_50", "map_75"]
        if self.class_metrics:
            names += ["map_per_class", "classes", "map_small", "map_medium", "map_large"]
        scores, correct, objects = score_detections(self._found(), self._targets())
        if self.at is None:
            self.point = best_operating_point(scores, correct, objects)
        else:
            self.point = operating_point_at(self.at, scores, correct, objects)
        at_point = {name: torch.tensor(getattr(self.point, name)) for name in ("precision", "recall", "f1")}
        return {name: values[name] for name in names} | at_point

    def _sync_dist(self, dist_sync_fn: Callable[..., Any] | None = None, process_group: Any | None = None) -> None:
        """Gathers the images of all processes in one call.

        torchmetrics gathers them one by one, which fails if the processes have different numbers of images.
        """
        mine = {name: [part.cpu() for part in getattr(self, name)] for name in self._defaults}
        theirs: list[Any] = [None] * dist.get_world_size(process_group)
        dist.all_gather_object(theirs, mine, process_group)
        for name in mine:
            setattr(self, name, [part.to(self.device) for process in theirs for part in process[name]])

    def _found(self) -> list[Detections]:
        stored = zip(self.detection_box, self.detection_scores, self.detection_labels, strict=True)
        return [Detections(convert(b.cpu(), "xywh", "xyxy"), s.cpu(), k.cpu()) for b, s, k in stored]

    def _targets(self) -> list[Target]:
        stored = zip(self.groundtruth_box, self.groundtruth_labels, self.groundtruth_crowds, strict=True)
        targets = []
        for sized, labels, crowds in stored:
            boxes, crowd = convert(sized.cpu(), "xywh", "xyxy"), crowds.cpu().bool()
            labels = labels.cpu()
            targets.append(
                {
                    "boxes": boxes[~crowd],
                    "labels": labels[~crowd],
                    "ignore": boxes[crowd],
                    "ignore_labels": labels[crowd],
                }
            )
        return targets


def _with_crowds(found: Detections, target: Target) -> Target:
    labels = target["labels"]
    regions, crowds = ignored_regions(found, target)
    return {
        "boxes": torch.cat([target["boxes"], regions]),
        "labels": torch.cat([labels, crowds]),
        "iscrowd": torch.cat([torch.zeros_like(labels), torch.ones_like(crowds)]),
    }
