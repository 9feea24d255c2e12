"""Classification: one label per sample."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassCalibrationError, MulticlassF1Score

from zoo.data.base import DataModule
from zoo.data.sample_names import sample_name
from zoo.errors import ZooError
from zoo.metrics.accuracy import Accuracy
from zoo.metrics.concatenated import Concatenated
from zoo.networks.heads import head_inputs
from zoo.ops.tta import views
from zoo.prediction.images import embed_batches
from zoo.tasks.base import Task
from zoo.tasks.classification.inputs import inputs_of, nominal_inputs
from zoo.tasks.classification.suspects import suspects
from zoo.tasks.classification.tta import CROPS, add_margin, remove_margin, requested_views
from zoo.tasks.diagnosable import Chance, ClassCounts
from zoo.tasks.export import Program
from zoo.tasks.stages import LossExample, Stage

_PATIENCE = 5000  # steps at chance level, after which training of any length is stuck
_NO_LEARNING = (
    "try optimizer.lr ten times smaller and larger (or find_lr=true); check that labels belong to their samples"
)


class ClassificationOutputs(NamedTuple):
    """Probabilities and labels of the test split, in the order of the data set."""

    probabilities: Float[Tensor, "n k"]
    labels: Int[Tensor, " n"]


class Classification(Task):
    """Softmax classification of `(images [B C H W], labels [B])`, or of volumes [B C D H W] with labels.

    The network returns logits [B K], or a tuple with `logits` and `auxiliary`, the logits of auxiliary heads. Training
    adds their loss with `auxiliary_weight` (Szegedy et al., 2014, arXiv:1409.4842, section 5). Training labels may
    also be class probabilities [B K], as mixup makes them. With `tta_views` the test averages the softmax
    probabilities of several views of each image (Krizhevsky et al., 2012, section 4.1). Logits are not averaged:
    their offset is arbitrary.
    """

    kind = "classification"
    monitor = "val/accuracy"
    monitor_mode = "max"
    shardable = True

    def __init__(self, *, network: nn.Module, loss: nn.Module, num_classes: int, auxiliary_weight: float = 0.3) -> None:
        if num_classes < 2:
            raise ZooError(f"`num_classes` (={num_classes}) must be at least 2")
        weights = getattr(loss, "class_weights", None)
        if weights is not None and len(weights) != num_classes:
            raise ZooError(f"`class_weights` has {len(weights)} values, and there are {num_classes} classes")
        metrics = _metrics(num_classes)
        super().__init__(
            network=network,
            loss=loss,
            metrics=MetricCollection(metrics),
            train_metrics=MetricCollection({"accuracy": Accuracy()}),
        )
        self.metric_names = list(metrics)
        self.num_classes = num_classes
        self.auxiliary_weight = auxiliary_weight
        self.tta_views: list[str] = []
        """Test-time augmentations (`zoo.ops.tta.VIEWS`) that the test averages over; empty for none."""
        self.tta_size = 0
        self.test_probabilities = Concatenated()
        self.test_labels = Concatenated()

    def preprocessing_entries(self) -> tuple[str, ...]:
        """Those of the samples that it reads."""
        return inputs_of(self.card).entries

    def example_inputs(self, batch_size: int = 1) -> tuple[Tensor, ...] | None:
        """Zeros in the shape of the samples that the card describes."""
        return inputs_of(self.card).example(batch_size)

    @classmethod
    def nominal_inputs(cls, network: Mapping[str, Any]) -> tuple[Tensor, ...] | None:
        """One sample in the network's own size, or 224×224 pixels if it takes any."""
        return nominal_inputs(network)

    def export_program(self, *, format: str, with_preprocessing: bool) -> Program:
        """The network, with the normalization in front of it if requested."""
        inputs = inputs_of(self.card)
        return inputs.program(self.network, self.export_metadata(), with_preprocessing=with_preprocessing)

    def loss_example(self) -> LossExample:
        """Logits and classes, of another number than the classes."""
        classes, suitable = self.num_classes, "cross_entropy.CrossEntropy, hinge.Hinge and focal.FocalCrossEntropy"
        return LossExample(torch.zeros(classes + 1, classes), torch.zeros(classes + 1, dtype=torch.long), suitable)

    def forward(self, images: Float[Tensor, "b c *size"]) -> Float[Tensor, "b k"]:
        """Logits of each image."""
        return _logits(self.forward_network(images))

    def step(self, batch: Sequence[Tensor], stage: Stage) -> Tensor:
        """The loss of a batch, with those of auxiliary heads in training."""
        images, labels = batch
        if stage == "train":
            return self._training_loss(images, labels)
        if stage == "test" and self.tta_views:
            logits = self.average_views(images, self.tta_views, self.tta_size)
        else:
            logits = _logits(self.forward_network(images))
        self._update_metrics(logits, labels, stage)
        loss: Tensor = self.loss(logits, labels)
        return loss

    def _training_loss(self, images: Tensor, labels: Tensor) -> Tensor:
        output = self.forward_network(images)
        logits = _logits(output)
        loss: Tensor = self.loss(logits, labels)
        for auxiliary in getattr(output, "auxiliary", ()):
            loss = loss + self.auxiliary_weight * self.loss(auxiliary, labels)
            self.comparable_losses = False
        hard = labels if labels.ndim == 1 else labels.argmax(1)
        self.train_metrics["accuracy"].update(logits.detach().argmax(1), hard)
        return loss

    def _update_metrics(self, logits: Tensor, labels: Tensor, stage: Stage) -> None:
        probabilities = logits.float().softmax(1)
        metrics = self.metrics[stage]
        for name in self.metric_names:
            metrics[name].update(probabilities, labels)
        if stage == "test":
            self.test_probabilities.update(probabilities)
            self.test_labels.update(labels)

    def average_views(self, images: Tensor, names: Sequence[str], size: int) -> Float[Tensor, "b k"]:
        """The log of the mean probabilities over views of `size` pixels; softmax gives the probabilities back."""
        augmented = views(images, names=names, size=size)
        log_probabilities = torch.stack([self(view).float().log_softmax(1) for view in augmented])
        return log_probabilities.logsumexp(0) - math.log(len(augmented))

    def on_test_start(self) -> None:
        """Drops the outputs of an earlier test."""
        self.test_probabilities.reset()
        self.test_labels.reset()

    def test_outputs(self) -> ClassificationOutputs:
        """The outputs of the last test, on the CPU."""
        return ClassificationOutputs(self.test_probabilities.compute().cpu(), self.test_labels.compute().cpu())

    def prepare_evaluation(self, datamodule: DataModule, *, tta: str | Sequence[str] | None = None) -> dict[str, Any]:
        """Averages the test over the views `tta`; crops need images with a margin.

        Raises:
            ZooError: a view is unknown, the model takes no images, or the data has no margin.
        """
        self.tta_views = requested_views(tta, self.card)
        if not self.tta_views:
            return {}
        size = add_margin(datamodule) if CROPS in self.tta_views else None
        self.tta_size = size or datamodule.metadata()["image_size"]
        return {"image_size": self.tta_size}

    def finish_evaluation(self, datamodule: DataModule) -> None:
        """Restores the image size of the data, for the training images in the report."""
        if CROPS in self.tta_views:
            remove_margin(datamodule, self.tta_size)

    def evaluation_settings(self) -> dict[str, Any]:
        """The views that the test averages over."""
        return {"tta": self.tta_views} if self.tta_views else {}

    def chance(self) -> Chance:
        """The loss of equal probabilities, which is ln K for cross-entropy."""
        logits = torch.zeros(1, self.num_classes, device=self.device)
        value = float(self.loss(logits, torch.zeros(1, dtype=torch.long, device=self.device)))
        is_log = math.isclose(value, math.log(self.num_classes), rel_tol=1e-4)
        name = f"ln {self.num_classes}" if is_log else f"the loss of {self.num_classes} equal probabilities"
        return Chance(value, name, _NO_LEARNING, steps=_PATIENCE)

    def class_counts(self) -> ClassCounts:
        """Counts of the F1 metric."""
        f1: Any = self.val_metrics["f1"]
        names = self.card.get("class_names") or [f"class {number}" for number in range(self.num_classes)]
        return ClassCounts((f1.tp + f1.fp).tolist(), (f1.tp + f1.fn).tolist(), names)

    def suspect_labels(self, test: Any) -> list[str]:
        """Test labels that confident predictions of an accurate model contradict."""
        outputs = self.test_outputs()
        return suspects(outputs.probabilities, outputs.labels, self.card.get("class_names"), partial(sample_name, test))

    def resolve_source(self, source: Any) -> Any:
        """What the reader of this classifier's samples takes."""
        return inputs_of(self.card).resolve(source)

    @torch.no_grad()
    def features(self, source: Any, *, batch_size: int) -> Float[Tensor, "n d"]:
        """The inputs of the last layer for each sample, flattened."""
        inputs = inputs_of(self.card)

        def embed(samples: Tensor) -> Tensor:
            return head_inputs(self.forward_network, self.network, inputs.normalize(samples.to(self.device)))

        return embed_batches(inputs.read(self.resolve_source(source), batch_size), embed)

    def predict_step(self, batch: Any, batch_idx: int = 0) -> Float[Tensor, "b k"]:
        """Class probabilities of a batch, which may be images alone or images with labels."""
        images = batch if isinstance(batch, Tensor) else batch[0]
        return self(images).float().softmax(1)


def _metrics(num_classes: int) -> dict[str, Metric | MetricCollection]:
    metrics: dict[str, Metric | MetricCollection] = {
        "accuracy": MulticlassAccuracy(num_classes, average="micro", validate_args=False),
        "f1": MulticlassF1Score(num_classes, average="macro", validate_args=False),
        "ece": MulticlassCalibrationError(num_classes, n_bins=15, validate_args=False),
    }
    if num_classes > 5:
        metrics["top5"] = MulticlassAccuracy(num_classes, average="micro", top_k=5, validate_args=False)
    return metrics


def _logits(output: Any) -> Tensor:
    if isinstance(output, dict):
        raise ZooError("`features` makes the network return feature maps, and a classifier needs logits: leave it out")
    logits = output if isinstance(output, Tensor) else output.logits
    assert isinstance(logits, torch.Tensor)
    return logits
