"""Landmark localization: at most one object per image, with its points and its class."""

from typing import Any, NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torchmetrics import MetricCollection
from torchmetrics.classification import BinaryAccuracy, MulticlassAccuracy

from zoo.metrics.concatenated import Concatenated
from zoo.tasks.image_task import ImageTask
from zoo.tasks.landmarks.metrics import PointErrors
from zoo.tasks.stages import Stage

Batch = tuple[Tensor, dict[str, Tensor]]


class LandmarkOutputs(NamedTuple):
    """Probability of an object, its points as fractions of the image, and class probabilities."""

    presence: Float[Tensor, " b"]
    points: Float[Tensor, "b k 2"]
    classes: Float[Tensor, "b c"]


class Landmarks(ImageTask):
    """One object or none in `(images [B C H W], {present [B], points [B K 2], labels [B]})`, points as fractions."""

    kind = "landmarks"
    monitor = "val/nme"
    monitor_mode = "min"
    double_precision = True

    def __init__(self, *, network: nn.Module, loss: nn.Module, num_points: int, num_classes: int) -> None:
        metrics = {
            "points": PointErrors(),
            "presence": BinaryAccuracy(validate_args=False),
            "accuracy": MulticlassAccuracy(num_classes, average="micro", validate_args=False),
        }
        super().__init__(network=network, loss=loss, metrics=MetricCollection(metrics))  # type: ignore[arg-type]
        self.num_points = num_points
        self.test_points = Concatenated()

    def forward(self, images: Float[Tensor, "b c h w"]) -> LandmarkOutputs:
        """Probabilities and points of each image."""
        return self._found(self.forward_network(images))

    def step(self, batch: Batch, stage: Stage) -> Tensor:
        """The loss of a batch."""
        images, target = batch
        output = self.forward_network(images)
        loss: Tensor = self.loss(output, target["present"], target["points"], target["labels"])
        if stage != "train":
            self._measure(self._found(output.detach()), target, stage)
        return loss

    def on_test_start(self) -> None:
        """Drops the points of an earlier test."""
        self.test_points.reset()

    def test_outputs(self) -> Float[Tensor, "n k 2"]:
        """The predicted points of the test images, in order, on the CPU."""
        return self.test_points.compute().cpu()

    def predict_step(self, batch: Any, batch_idx: int = 0) -> LandmarkOutputs:
        """Probabilities and points of a batch, which may be images alone or images with targets."""
        return self(batch if isinstance(batch, Tensor) else batch[0])

    def _found(self, output: Float[Tensor, "b values"]) -> LandmarkOutputs:
        output = output.float()
        end = 1 + 2 * self.num_points
        points = output[:, 1:end].reshape(len(output), self.num_points, 2)
        return LandmarkOutputs(output[:, 0].sigmoid(), points, output[:, end:].softmax(1))

    def _measure(self, found: LandmarkOutputs, target: dict[str, Tensor], stage: Stage) -> None:
        metrics = self.metrics[stage]
        present: Bool[Tensor, " b"] = target["present"]
        labels: Int[Tensor, " b"] = target["labels"]
        metrics["presence"].update(found.presence, present.int())
        if present.any():
            metrics["points"].update(found.points[present], target["points"][present])
            metrics["accuracy"].update(found.classes[present], labels[present])
        if stage == "test":
            self.test_points.update(found.points)
