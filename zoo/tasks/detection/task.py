"""Object detection: boxes, classes and scores."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchmetrics import MetricCollection

from zoo.errors import ZooError
from zoo.ops.boxes import clip
from zoo.ops.detections import Detections, select_each
from zoo.ops.grid import decode_all
from zoo.tasks.detection.export import detector_program
from zoo.tasks.detection.matching import clip_to_images
from zoo.tasks.detection.metrics import MAX_DETECTIONS, DetectionMetrics
from zoo.tasks.export import Program
from zoo.tasks.image_task import ImageTask
from zoo.tasks.stages import Stage

Targets = list[dict[str, Tensor]]


def require_thresholds(min_score: float | None, iou_threshold: float | None) -> None:
    """Refuses thresholds outside their range; None selects the threshold of the task.

    Raises:
        ZooError: names the threshold. At an IoU of 0, boxes that do not overlap would suppress each other.
    """
    if min_score is not None and not 0 <= min_score <= 1:
        raise ZooError(f"`min_score` (={min_score}) must be between 0 and 1")
    if iou_threshold is not None and not 0 < iou_threshold <= 1:
        raise ZooError(f"`iou_threshold` (={iou_threshold}) must be above 0 and at most 1")


class Detection(ImageTask):
    """Boxes of `(images [B 3 H W] in [0, 1], list of {boxes [N 4] xyxy pixels, labels [N]})`.

    The network returns raw grids and has `anchors` and `strides`; the loss takes both. Metrics use all
    detections of at least `min_score`. Reports and predictions use those of at least `operating_point`, the score with
    the highest F1 in the last validation, which is saved with the weights.

    Raises:
        ZooError: a score outside [0, 1], or an IoU threshold that is not above 0 and at most 1.
    """

    kind = "detection"
    monitor = "val/map"
    monitor_mode = "max"
    double_precision = True
    measured_metadata = frozenset({"anchors"})
    not_averaged = frozenset({"operating_point"})

    operating_point: Float[Tensor, ""]

    def __init__(self, *, network: nn.Module, loss: nn.Module, min_score: float, iou_threshold: float) -> None:
        require_thresholds(min_score, iou_threshold)
        super().__init__(network=network, loss=loss, metrics=MetricCollection({"boxes": DetectionMetrics()}))
        self.min_score = min_score
        self.iou_threshold = iou_threshold
        self.register_buffer("operating_point", torch.tensor(0.5))

    def forward(self, images: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b n 4"], Float[Tensor, "b n k"]]:
        """All boxes in pixels of the images, and their scores for each class, before NMS."""
        return self._decoded(self.forward_network(images))

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
        return select_each(
            *self(images),
            min_score=self.min_score if min_score is None else min_score,
            iou_threshold=self.iou_threshold if iou_threshold is None else iou_threshold,
            max_detections=max_detections,
            soft_sigma=soft_sigma,
        )

    def step(self, batch: tuple[Tensor, Targets], stage: Stage) -> Tensor:
        """The loss of a batch."""
        images, targets = batch
        grids = self.forward_network(images)
        loss: Tensor = self.loss(grids, targets, self.network.anchors, self.network.strides).total
        if stage != "train":
            self._measure(grids, targets, stage)
        return loss

    def predict_step(self, batch: Any, batch_idx: int = 0) -> list[Detections]:
        """Detections of a batch of images, or of the images of a batch with boxes, from the operating point on."""
        images, targets = (batch, None) if isinstance(batch, Tensor) else batch
        found = self.detect(images, min_score=float(self.operating_point))
        return found if targets is None else clip_to_images(found, targets)

    def export_program(self, *, format: str, with_preprocessing: bool, nms: bool | None = None) -> Program:
        """Boxes, scores and classes of images; with `nms` only those that non-maximum suppression keeps."""
        return detector_program(self, format=format, with_preprocessing=with_preprocessing, nms=bool(nms))

    def export_metadata(self) -> Mapping[str, Any]:
        """Adds the thresholds, with which a file without NMS gives the same detections as the model."""
        thresholds = {"operating_point": float(self.operating_point), "iou_threshold": self.iou_threshold}
        return {**super().export_metadata(), **thresholds}

    def on_validation_epoch_end(self) -> None:
        """Logs the metrics and moves the operating point."""
        boxes = self._boxes_of("val")
        super().on_validation_epoch_end()
        assert boxes.point is not None
        self.operating_point.fill_(boxes.point.score)

    def on_test_start(self) -> None:
        """Measures precision and recall at the operating point, as predictions use it."""
        self._boxes_of("test").at = float(self.operating_point)

    def _decoded(self, grids: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Boxes clipped to the image, and their scores: the source of metrics, predictions and exported files."""
        network: Any = self.network
        boxes, scores = decode_all(grids, network.anchors.float(), network.strides)
        height, width = (cells * network.strides[0] for cells in grids[0].shape[1:3])
        return clip(boxes, height, width), scores

    def _boxes_of(self, stage: Stage) -> DetectionMetrics:
        metric = self.metrics[stage]["boxes"]
        assert isinstance(metric, DetectionMetrics)
        return metric

    def _measure(self, grids: tuple[Tensor, ...], targets: Targets, stage: Stage) -> None:
        found = select_each(
            *self._decoded(tuple(grid.detach() for grid in grids)),
            min_score=self.min_score,
            iou_threshold=self.iou_threshold,
            max_detections=MAX_DETECTIONS,
        )
        self._boxes_of(stage).add(found, targets)
