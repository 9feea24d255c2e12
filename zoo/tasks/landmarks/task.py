"""Landmark localization: at most one object per image, with its points and its class."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import BinaryAccuracy, BinaryF1Score, MulticlassAccuracy

from zoo.errors import ZooError
from zoo.metrics.concatenated import Concatenated
from zoo.ops.heatmaps import HeatmapOutput, vector
from zoo.tasks.export import Program
from zoo.tasks.image_task import ImageTask
from zoo.tasks.landmarks.export import points_program
from zoo.tasks.landmarks.metrics import BoxErrors, PointErrors
from zoo.tasks.landmarks.oks import DEFAULT_SIGMA, KeypointAP
from zoo.tasks.stages import Stage

Batch = tuple[Tensor, dict[str, Tensor]]


class LandmarkOutputs(NamedTuple):
    """Probability of an object, its points as fractions of the image, and class probabilities."""

    presence: Float[Tensor, " b"]
    points: Float[Tensor, "b k 2"]
    classes: Float[Tensor, "b c"]


class Landmarks(ImageTask):
    """One object or none in `(images [B C H W], target)`; `zoo.data.landmarks.base.Target` describes the target.

    With `points_are_box`, the two points are the corners of a box, which is measured as one. `sigmas` are COCO's
    tolerances of the points for the average precision; empty: 0.05 for each.

    Raises:
        ZooError: a number of `sigmas` other than that of the points, or a box of other than two points.
    """

    kind = "landmarks"
    monitor = "val/nme"
    monitor_mode = "min"
    double_precision = True
    card_fields: ClassVar[Mapping[str, Any]] = {"point_names": list[str], "margin": float, "around_boxes": bool}

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: nn.Module,
        num_points: int,
        num_classes: int,
        points_are_box: bool = False,
        sigmas: Sequence[float] = (),
    ) -> None:
        if points_are_box and num_points != 2:
            raise ZooError(f"`points_are_box` (=true) needs two points, and there are {num_points}")
        if len(sigmas) not in (0, num_points):
            raise ZooError(f"`sigmas` (={list(sigmas)}) must have a number for each of {num_points} points")
        metrics: dict[str, Metric] = {
            "points": PointErrors(),
            "presence": BinaryAccuracy(validate_args=False),
            "presence_f1": BinaryF1Score(validate_args=False),
        }
        if num_classes > 1:
            metrics["accuracy"] = MulticlassAccuracy(num_classes, average="micro", validate_args=False)
        if points_are_box:
            metrics["boxes"] = BoxErrors()
        else:
            metrics["oks"] = KeypointAP(sigmas or [DEFAULT_SIGMA] * num_points)
        super().__init__(network=network, loss=loss, metrics=MetricCollection(metrics, compute_groups=False))  # type: ignore[arg-type]
        self.num_points = num_points
        self.num_classes = num_classes
        self.points_are_box = points_are_box
        self.tested = Concatenated()

    def forward(self, images: Float[Tensor, "b c h w"]) -> LandmarkOutputs:
        """Probabilities and points of each image."""
        return self._found(self.forward_network(images))

    def step(self, batch: Batch, stage: Stage) -> Tensor:
        """The loss of a batch."""
        images, target = batch
        output = self.forward_network(images)
        loss: Tensor = self.loss(output, *(target[name] for name in ("present", "points", "visible", "labels")))
        if stage != "train":
            self._measure(self._found(output), target, stage)
        return loss

    def on_test_start(self) -> None:
        """Drops the outputs of an earlier test."""
        self.tested.reset()

    def test_outputs(self) -> LandmarkOutputs:
        """The outputs for the test images, in order, on the CPU."""
        values = self.tested.compute().cpu()
        end = 1 + 2 * self.num_points
        return LandmarkOutputs(values[:, 0], values[:, 1:end].unflatten(1, (self.num_points, 2)), values[:, end:])

    def predict_step(self, batch: Any, batch_idx: int = 0) -> LandmarkOutputs:
        """Probabilities and points of a batch, which may be images alone or images with targets."""
        return self(batch if isinstance(batch, Tensor) else batch[0])

    def export_program(self, *, format: str, with_preprocessing: bool) -> Program:
        """Images in [0, 1] to the probability of an object, points in pixels of the input, and class probabilities."""
        return points_program(self, with_preprocessing=with_preprocessing)

    def _found(self, output: Tensor | HeatmapOutput) -> LandmarkOutputs:
        values = vector(output)
        end = 1 + 2 * self.num_points
        points = values[:, 1:end].unflatten(1, (self.num_points, 2))  # `len` would fix the batch size of an export
        return LandmarkOutputs(values[:, 0].sigmoid(), points, values[:, end:].softmax(1))

    def _measure(self, found: LandmarkOutputs, target: dict[str, Tensor], stage: Stage) -> None:
        metrics = self.metrics[stage]
        present: Bool[Tensor, " b"] = target["present"]
        for name in ("presence", "presence_f1"):
            metrics[name].update(found.presence, present.int())
        best, classes = found.classes.max(1)
        if not self.points_are_box:
            metrics["oks"].update(found.points, found.presence * best, classes, target)
        rows = present.nonzero()[:, 0]  # once: a GPU makes the program wait for the size of each mask
        if len(rows):
            points = found.points[rows], target["points"][rows]
            metrics["points"].update(*points, target["visible"][rows], target["size"][rows])
            if self.num_classes > 1:
                metrics["accuracy"].update(found.classes[rows], target["labels"][rows])
            if self.points_are_box:
                metrics["boxes"].update(*points, classes[rows], target["labels"][rows])
        if stage == "test":
            self.tested.update(torch.cat([found.presence[:, None], found.points.flatten(1), found.classes], 1))
