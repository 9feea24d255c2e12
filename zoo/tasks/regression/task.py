"""Regression: one number per sample."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchmetrics import MetricCollection

from zoo.errors import ZooError
from zoo.metrics.concatenated import Concatenated
from zoo.tasks.base import Task
from zoo.tasks.regression.intervals import ConformalInterval
from zoo.tasks.regression.metrics import Coverage, RegressionErrors
from zoo.tasks.regression.numbers import finite
from zoo.tasks.stages import LossExample, Stage

AUXILIARY = 0.3
"""Weight of the loss of auxiliary heads (Szegedy et al., 2014, arXiv:1409.4842, section 5)."""


class RegressionOutputs(NamedTuple):
    """Numbers with their intervals, in the units of the target, in double precision."""

    value: Float[Tensor, " n"]
    lower: Float[Tensor, " n"]
    upper: Float[Tensor, " n"]


class Regression(Task):
    """One number for each sample of `(inputs, targets [B])`.

    The network returns [B 1], or [B Q] with a quantile loss, in standardized units: the target less `target_center`,
    divided by `target_scale`. `interval` is the coverage of the split-conformal intervals, whose margin the last
    validation measures. Subclasses read the inputs.
    """

    kind = "regression"
    monitor = "val/rmse"
    monitor_mode = "min"
    measured_metadata = frozenset({"target_center", "target_scale"})
    not_averaged = frozenset({"intervals.margin"})
    double_precision = True

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: nn.Module,
        interval: float = 0.9,
        target_center: float = 0.0,
        target_scale: float = 1.0,
    ) -> None:
        errors = RegressionErrors(target_center)
        super().__init__(network=network, loss=loss, metrics=MetricCollection({"errors": errors}))
        self.target_center = target_center
        self.target_scale = target_scale
        self.num_outputs = len(getattr(loss, "quantiles", [0.5]))
        self.intervals = ConformalInterval(interval)
        self.test_metrics.add_metrics({"intervals": Coverage()})
        self.collected = Concatenated()
        self.collected_targets = Concatenated()

    def loss_example(self) -> LossExample:
        """Numbers or quantiles, and targets."""
        suitable = "forecasting.SquaredError, forecasting.AbsoluteError, forecasting.Huber and quantile.Quantile"
        return LossExample(torch.zeros(3, self.num_outputs), torch.zeros(3), suitable)

    def forward(self, inputs: Float[Tensor, "b ..."]) -> Float[Tensor, " b"]:
        """The numbers in the units of the target."""
        return self.outputs(inputs).value

    def step(self, batch: Sequence[Tensor], stage: Stage) -> Tensor:
        """The loss of a batch in standardized units."""
        inputs, target = batch
        output = self.forward_network(inputs)
        found = self._standardized(output)
        goal = (target.double() - self.target_center) / self.target_scale
        loss: Tensor = self.loss(found, goal.to(found.dtype))
        if stage == "train":
            for auxiliary in getattr(output, "auxiliary", ()):
                loss = loss + AUXILIARY * self.loss(self._standardized(auxiliary), goal.to(found.dtype))
                self.comparable_losses = False
            return loss
        outputs = self._in_units(found)
        self.metrics[stage]["errors"].update(outputs.value, target)
        if stage == "val":
            self.intervals.update(found.double(), goal)
        if stage == "test":
            self.test_metrics["intervals"].update(outputs.lower, outputs.upper, target)
            self.collected.update(torch.stack(outputs, dim=1))
            self.collected_targets.update(target.double())
        return loss

    def outputs(self, inputs: Float[Tensor, "b ..."]) -> RegressionOutputs:
        """The numbers and their intervals."""
        return self._in_units(self._standardized(self.forward_network(inputs)))

    def predict_step(self, batch: Any, batch_idx: int = 0) -> RegressionOutputs:
        """Numbers and intervals of a batch, which may be inputs alone or inputs with targets."""
        return self.outputs(batch if isinstance(batch, Tensor) else batch[0])

    def on_validation_start(self) -> None:
        """Drops the scores of an earlier validation."""
        super().on_validation_start()
        self.intervals.reset()

    def on_validation_epoch_end(self) -> None:
        """Calibrates the intervals and logs the metrics."""
        self.card["interval"] = {"level": self.intervals.level, "source": self.intervals.calibrate()}
        super().on_validation_epoch_end()

    def on_test_start(self) -> None:
        """Drops the outputs of an earlier test."""
        self.collected.reset()
        self.collected_targets.reset()

    def test_outputs(self) -> tuple[RegressionOutputs, Float[Tensor, " n"]]:
        """The outputs and the targets of the last test, in the order of the data, on the CPU."""
        return RegressionOutputs(*self.collected.compute().cpu().unbind(1)), self.collected_targets.compute().cpu()

    def export_metadata(self) -> dict[str, Any]:
        """Adds the interval: its level, and the margin in the units of the target, None if it is unbounded."""
        margin = finite(float(self.intervals.margin) * self.target_scale)
        return {**super().export_metadata(), "interval": {"level": self.intervals.level, "margin": margin}}

    def evaluation_settings(self) -> dict[str, Any]:
        """The nominal level of the intervals, beside their measured coverage, and their source."""
        return {"interval": self.card.get("interval")}

    def _standardized(self, output: Any) -> Float[Tensor, "b q"]:
        """The output of the network in the precision of losses and metrics: at least single."""
        found = main_output(output)
        if not isinstance(found, Tensor) or found.ndim != 2:
            raise ZooError(
                f"a {self.kind} needs a network that returns one vector for each sample, and "
                f"{type(self.network).__name__} returns {_shape(found)}"
            )
        if found.shape[1] != self.num_outputs:
            raise ZooError(
                f"the loss reads {self.num_outputs} outputs of a sample, and the network returns {found.shape[1]}: "
                f"give model.network.num_classes={self.num_outputs}"
            )
        return found if found.dtype == torch.float64 else found.float()

    def _in_units(self, found: Float[Tensor, "b q"]) -> RegressionOutputs:
        found = found.detach().double().sort(dim=1).values
        lower, upper = self.intervals(found)
        middle = found[:, self.num_outputs // 2]
        return RegressionOutputs(*(each * self.target_scale + self.target_center for each in (middle, lower, upper)))


def main_output(output: Any) -> Any:
    """The output of a network without those of auxiliary heads."""
    return getattr(output, "logits", output)


def _shape(found: Any) -> str:
    return str(list(found.shape)) if isinstance(found, Tensor) else f"a {type(found).__name__}"


class InUnits(nn.Module):
    """Turns the outputs of a network into numbers in the units of the target, for an exported file."""

    def __init__(self, center: float, scale: float) -> None:
        super().__init__()
        self.center = center
        self.scale = scale

    def forward(self, outputs: Tensor) -> Tensor:
        """Returns the number, or the quantiles, of each sample."""
        return outputs * self.scale + self.center
