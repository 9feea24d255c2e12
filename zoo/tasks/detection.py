"""Object detection: boxes, classes and scores."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchmetrics import MetricCollection

from zoo.errors import ZooError
from zoo.metrics.detection import MAX_DETECTIONS, DetectionMetrics
from zoo.ops.detections import Detections, select
from zoo.ops.grid import decode_all
from zoo.tasks.base import Stage, Task

Targets = list[dict[str, Tensor]]


class Detection(Task):
    """Boxes of `(images [B 3 H W] in [0, 1], list of {boxes [N 4] xyxy pixels, labels [N]})`.

    The network returns raw grids and has `anchors` and `strides`; the loss takes both. All detections from
    `min_score` on are measured; `operating_point`, the score with the highest F1 of the last validation, is what
    tables, pictures and predictions count from, and is saved with the weights.

    Raises:
        ZooError: thresholds outside [0, 1].
    """

    kind = "detection"
    monitor = "val/map"
    monitor_mode = "max"
    measured_facts = frozenset({"anchors"})

    operating_point: Float[Tensor, ""]

    def __init__(self, *, network: nn.Module, loss: nn.Module, min_score: float, iou_threshold: float) -> None:
        for name, value in (("min_score", min_score), ("iou_threshold", iou_threshold)):
            if not 0 <= value <= 1:
                raise ZooError(f"`{name}` (={value}) must be between 0 and 1")
        super().__init__(network=network, loss=loss, metrics=MetricCollection({"boxes": DetectionMetrics()}))
        self.min_score = min_score
        self.iou_threshold = iou_threshold
        self.register_buffer("operating_point", torch.tensor(0.5))

    def forward(self, images: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b n 4"], Float[Tensor, "b n k"]]:
        """All boxes in pixels of the images, and their scores for each class, before NMS."""
        return self._decoded(self.network(images))

    def detect(
        self,
        images: Float[Tensor, "b c h w"],
        *,
        min_score: float | None = None,
        iou_threshold: float | None = None,
        max_detections: int = MAX_DETECTIONS,
        soft_sigma: float | None = None,
    ) -> list[Detections]:
        """The detections of each image; thresholds not given are the task's own."""
        boxes, scores = self(images)
        return [
            select(
                b,
                s,
                min_score=self.min_score if min_score is None else min_score,
                iou_threshold=self.iou_threshold if iou_threshold is None else iou_threshold,
                max_detections=max_detections,
                soft_sigma=soft_sigma,
            )
            for b, s in zip(boxes, scores, strict=True)
        ]

    def step(self, batch: tuple[Tensor, Targets], stage: Stage) -> Tensor:
        """The loss of a batch."""
        images, targets = batch
        grids = self.network(images)
        loss: Tensor = self.loss(grids, targets, self.network.anchors, self.network.strides).total
        if stage != "train":
            self._measure(grids, targets, stage)
        return loss

    def predict_step(self, batch: Any, batch_idx: int = 0) -> list[Detections]:
        """Detections of a batch of images, or of the images of a batch with boxes, from the operating point on."""
        images = batch if isinstance(batch, Tensor) else batch[0]
        return self.detect(images, min_score=float(self.operating_point))

    def on_validation_epoch_end(self) -> None:
        """Logs the metrics and moves the operating point."""
        boxes = self._boxes_of("val")
        super().on_validation_epoch_end()
        assert boxes.point is not None
        self.operating_point.fill_(boxes.point.score)

    def on_test_start(self) -> None:
        """Measures precision and recall where predictions are cut."""
        self._boxes_of("test").at = float(self.operating_point)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keeps the operating point as validation found it: an average of weights would average it too."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["state_dict"]["operating_point"] = self.operating_point.clone()

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> nn.Module:
        """Keeps the operating point in single precision: rounded up, it would cut the detection it was chosen at."""
        point = self.operating_point
        super()._apply(fn, recurse)
        self.operating_point = point.to(self.operating_point.device)
        return self

    def _decoded(self, grids: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        return decode_all(grids, self.network.anchors, self.network.strides)  # type: ignore[arg-type]

    def _boxes_of(self, stage: Stage) -> DetectionMetrics:
        metric = self.metrics_of(stage)["boxes"]
        assert isinstance(metric, DetectionMetrics)
        return metric

    def _measure(self, grids: tuple[Tensor, ...], targets: Targets, stage: Stage) -> None:
        boxes, scores = self._decoded(tuple(grid.detach() for grid in grids))
        found = [
            select(
                b,
                s,
                min_score=self.min_score,
                iou_threshold=self.iou_threshold,
                max_detections=MAX_DETECTIONS,
            )
            for b, s in zip(boxes, scores, strict=True)
        ]
        self._boxes_of(stage).add(found, targets)
