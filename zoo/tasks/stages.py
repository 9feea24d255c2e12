"""The steps of training, validation and test, with metrics logged once an epoch."""

import math
from abc import ABC, abstractmethod
from typing import Any, Literal, NamedTuple, cast

from torch import Tensor, nn
from torchmetrics import MetricCollection

from zoo.errors import ZooError
from zoo.metrics.mean import MeanLoss, with_loss
from zoo.tasks.module import Module

Stage = Literal["train", "val", "test"]
FINITE_CHECK_EVERY = 50
"""Steps between two checks of the training loss; a GPU waits when its value is read."""

_EXPLODED = 1e6  # times the first loss


class LossExample(NamedTuple):
    """Outputs and targets as a loss takes them, and the names of losses that do."""

    outputs: Tensor
    targets: Tensor
    suitable: str


class Stages(Module, ABC):
    """Runs `step` in each stage and logs its metrics once an epoch as `train/NAME`, `val/NAME` and `test/NAME`."""

    def __init__(
        self, *, network: nn.Module, loss: nn.Module, metrics: MetricCollection, train_metrics: MetricCollection | None
    ) -> None:
        super().__init__()
        self.network = network
        self.loss = loss
        self.train_metrics = with_loss(train_metrics or MetricCollection({}), "train/")
        self.val_metrics = with_loss(metrics, "val/")
        self.test_metrics = with_loss(metrics, "test/")
        self._first_loss: float | None = None
        """The first training loss that was checked."""

    @abstractmethod
    def step(self, batch: Any, stage: Stage) -> Tensor:
        """Returns the loss of a batch, a scalar, and updates `metrics[stage]`."""

    @abstractmethod
    def num_samples(self, batch: Any) -> int:
        """The number of samples in a batch."""

    def loss_example(self) -> LossExample | None:
        """An example for a trial of the loss; None if it needs more than outputs and targets."""
        return None

    @property
    def metrics(self) -> dict[Stage, MetricCollection]:
        """The metrics of each stage."""
        return {"train": self.train_metrics, "val": self.val_metrics, "test": self.test_metrics}

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Returns the loss of a training batch."""
        loss = self._step_with_loss(batch, "train")
        if batch_idx % FINITE_CHECK_EVERY == 0:
            self._require_finite(loss)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Updates the validation metrics."""
        self._step_with_loss(batch, "val")

    def test_step(self, batch: Any, batch_idx: int) -> None:
        """Updates the test metrics."""
        self._step_with_loss(batch, "test")

    def _step_with_loss(self, batch: Any, stage: Stage) -> Tensor:
        loss = self.step(batch, stage)
        self.metrics[stage]["loss"].update(loss, self.num_samples(batch))
        return loss

    def _require_finite(self, loss: Tensor) -> None:
        value = loss.item()
        if self._first_loss is None:
            self._first_loss = value
        if not math.isfinite(value) or value > _EXPLODED * max(self._first_loss, 1.0):
            became = "became" if not math.isfinite(value) else f"exploded from {self._first_loss:.3g} to"
            raise ZooError(
                f"the training loss {became} {value:.3g} in epoch {self.current_epoch + 1}, step {self.global_step}: "
                f"try a smaller optimizer.lr or trainer.gradient_clip_val=1; checkpoints of earlier epochs are kept"
            )

    def on_validation_start(self) -> None:
        """Stops before a checkpoint of a diverged network is written."""
        loss = cast(MeanLoss, self.train_metrics["loss"])
        if loss.update_called and not self.trainer.sanity_checking:
            self._require_finite(loss.total / loss.count)  # local: `compute` would wait for other processes

    def on_train_epoch_end(self) -> None:
        """Logs the training metrics of the epoch."""
        self._log_metrics("train")

    def on_validation_epoch_end(self) -> None:
        """Logs the validation metrics of the epoch."""
        self._log_metrics("val")

    def on_test_epoch_end(self) -> None:
        """Logs the test metrics."""
        self._log_metrics("test")

    def _log_metrics(self, stage: Stage) -> None:
        metrics = self.metrics[stage]
        self.log_dict(metrics.compute(), sync_dist=False)  # torchmetrics has reduced them over all processes
        metrics.reset()
