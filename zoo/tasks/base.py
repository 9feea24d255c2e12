"""What every task shares: the three stages, their metrics, the optimizer, and the watch for a diverged loss."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal, cast

import torch
from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau
from torchmetrics import MetricCollection

from zoo.errors import ZooError
from zoo.metrics.mean import MeanLoss
from zoo.optim import Plateau, Schedule, decay_groups, join_alike

Stage = Literal["train", "val", "test"]
OptimizerFactory = Callable[[Iterable[dict[str, Any]]], Optimizer]

_FINITE_CHECK_EVERY = 50  # steps; reading the loss waits for the GPU, so not every step


class Task(LightningModule, ABC):
    """A training procedure around one network: what a batch is, what the loss needs, what is measured.

    A subclass implements `step` and `predict_step`. Metrics are updated in `step` and logged once an epoch as
    `train/NAME`, `val/NAME` and `test/NAME`, beside `…/loss`.
    """

    kind: ClassVar[str]
    """Names the modules of this task, in `zoo.tasks.KIND`."""
    monitor: ClassVar[str]
    """The logged value that chooses the best checkpoint."""
    monitor_mode: ClassVar[Literal["min", "max"]]
    measured_facts: ClassVar[frozenset[str]] = frozenset()
    """Facts measured on the training split: the checkpoint's stand, and other data may have others."""
    not_averaged: ClassVar[frozenset[str]] = frozenset()
    """Buffers that a moving average of the weights copies: what validation measures, such as a threshold."""

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: nn.Module,
        metrics: MetricCollection,
        train_metrics: MetricCollection | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.loss = loss
        self.train_metrics = _with_loss(train_metrics or MetricCollection({}), "train/")
        self.val_metrics = _with_loss(metrics, "val/")
        self.test_metrics = _with_loss(metrics, "test/")
        self.config: dict[str, Any] = {}
        """The completed model configuration that built this task."""
        self.card: dict[str, Any] = {}
        """What a prediction must know of the data: preprocessing, class names, …; plain values."""
        self.optimizer_factory: OptimizerFactory | None = None
        self.parameter_groups: Callable[[nn.Module], list[dict[str, Any]]] = decay_groups
        self.schedule: Schedule | Plateau | None = None
        self.pretrained_network: Callable[[], nn.Module] | None = None
        """Builds a network with the weights that training started from; None where it started from none."""

    def __setattr__(self, name: str, value: Any) -> None:
        """A name that is set anew needs no search for parameters and modules; Lightning notes one at every hook."""
        if name in self.__dict__ and (value is None or type(value) is str):
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> nn.Module:
        """The network and the loss take the precision asked for; sums, scales and thresholds keep their own.

        With `trainer.precision=bf16-true` Lightning converts all that a task holds, and a count of samples in
        bfloat16 ends at 256.
        """

        def move(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            return moved if moved.dtype == tensor.dtype else tensor.to(moved.device)

        for name, child in self.named_children() if recurse else ():
            child._apply(fn if name in ("network", "loss") else move)
        return super()._apply(move, recurse=False)

    @abstractmethod
    def step(self, batch: Any, stage: Stage) -> Tensor:
        """The loss of a batch, a scalar; updates `metrics_of(stage)`."""

    @abstractmethod
    def predict_step(self, batch: Any, batch_idx: int = 0) -> Any:
        """Results for a batch of inputs, as tensors."""

    def outputs_of(self, images: Tensor) -> Any:
        """What the network makes of images, which come in single precision whatever that of its weights is."""
        return self.network(images.to(self.dtype))

    def compile_network(self) -> None:
        """Compiles all of the network that the task calls, once it is called."""
        self.network.compile()

    def metrics_of(self, stage: Stage) -> MetricCollection:
        """The metrics that `stage` updates."""
        metrics = {"train": self.train_metrics, "val": self.val_metrics, "test": self.test_metrics}
        return metrics[stage]

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """One step of the optimizer's loss."""
        loss = self._measured_step(batch, "train")
        if batch_idx % _FINITE_CHECK_EVERY == 0:
            self._require_finite(loss)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Measures a validation batch."""
        self._measured_step(batch, "val")

    def test_step(self, batch: Any, batch_idx: int) -> None:
        """Measures a test batch."""
        self._measured_step(batch, "test")

    def _measured_step(self, batch: Any, stage: Stage) -> Tensor:
        loss = self.step(batch, stage)
        self.metrics_of(stage)["loss"].update(loss, len(batch[0]))
        return loss

    def _require_finite(self, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise ZooError(
                f"the training loss became {loss.item()} in epoch {self.current_epoch + 1}, step {self.global_step}: "
                f"try a smaller optimizer.lr or trainer.gradient_clip_val=1; checkpoints of earlier epochs are kept"
            )

    def on_validation_start(self) -> None:
        """Stops before a checkpoint of a diverged network is written."""
        loss = cast(MeanLoss, self.train_metrics["loss"])
        if loss.update_called and not self.trainer.sanity_checking:
            self._require_finite(loss.total / loss.count)  # of this process alone; computing would wait for the others

    def on_train_epoch_end(self) -> None:
        """Logs the epoch's training metrics."""
        self._log_metrics("train")

    def on_validation_epoch_end(self) -> None:
        """Logs the epoch's validation metrics."""
        self._log_metrics("val")

    def on_test_epoch_end(self) -> None:
        """Logs the test metrics."""
        self._log_metrics("test")

    def _log_metrics(self, stage: Stage) -> None:
        metrics = self.metrics_of(stage)
        self.log_dict(metrics.compute(), sync_dist=False)  # torchmetrics has gathered them already
        metrics.reset()

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer over parameter groups, its schedule stretched over the steps that the trainer will take.

        Raises:
            ZooError: the schedule needs an end and training has none.
        """
        if self.optimizer_factory is None:
            raise ZooError("this model has no optimizer: build it with `python train.py` or set optimizer_factory")
        optimizer = self.optimizer_factory(self.parameter_groups(self))
        join_alike(optimizer)
        if self.schedule is None:
            return optimizer
        if isinstance(self.schedule, Plateau):
            plateau = ReduceLROnPlateau(
                optimizer,
                mode=self.monitor_mode,
                factor=self.schedule.factor,
                patience=self.schedule.patience,
                min_lr=self.schedule.min_lr,
            )
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": self.monitor}}
        total, schedule = self.trainer.estimated_stepping_batches, self.schedule
        if total == float("inf"):
            raise ZooError("`scheduler` needs an end of training: give trainer.max_epochs or trainer.max_steps")
        each_step = LambdaLR(optimizer, lambda step: schedule(min(step / total, 1.0)))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": each_step, "interval": "step"}}

    def configure_gradient_clipping(
        self, optimizer: Optimizer, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clips where that is asked for; Lightning checks its options at every step even where it is not."""
        if gradient_clip_val is not None:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what `zoo.load` needs: the model's configuration and its card, as plain values."""
        checkpoint["zoo"] = {"format": 1, "model": self.config, "card": self.card}


def _with_loss(metrics: MetricCollection, prefix: str) -> MetricCollection:
    collection = metrics.clone(prefix=prefix)
    collection.add_metrics({"loss": MeanLoss()})
    return collection
