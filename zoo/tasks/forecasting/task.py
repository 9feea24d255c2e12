"""Forecasting: the steps after a history, with intervals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchmetrics import MetricCollection

from zoo.config.instantiate import argument
from zoo.errors import ZooError
from zoo.metrics.concatenated import Concatenated
from zoo.ops.windows import next_steps
from zoo.tasks.base import Task
from zoo.tasks.forecasting.advice import advice
from zoo.tasks.forecasting.card_fields import CARD_FIELDS, TOGETHER
from zoo.tasks.forecasting.interval_metrics import IntervalErrors
from zoo.tasks.forecasting.intervals import ConformalIntervals, QuantileIntervals
from zoo.tasks.forecasting.metrics import ForecastErrors
from zoo.tasks.forecasting.requirements import require_training
from zoo.tasks.forecasting.standardizer import Standardizer
from zoo.tasks.stages import Stage

_NOMINAL_STEPS = 32


class Forecast(NamedTuple):
    """A batch of forecasts in the data's own units."""

    value: Float[Tensor, "b h d"]
    lower: Float[Tensor, "b h d"]
    upper: Float[Tensor, "b h d"]
    quantiles: Float[Tensor, "b h d q"]


class ForecastOutputs(NamedTuple):
    """Forecasts and targets of the test split, in its order."""

    value: Float[Tensor, "n h d"]
    lower: Float[Tensor, "n h d"]
    upper: Float[Tensor, "n h d"]
    target: Float[Tensor, "n h d"]


class Forecasting(Task):
    """Forecasts of `(history [B T C], future [B H D], covariates [B T+H K] or None)`, all in the data's own units.

    Dimensions: T steps of history, H steps ahead, C channels read, D channels forecast (the first of those read), K
    future covariates, Q quantiles a value (1 for a point forecast). The network reads and returns standardized units.

    `train_on="last_half"` trains on the forecasts after each step of the last half of the history, `"last"` on those
    after its last step. Metrics always use the last step. A point forecast gets split-conformal intervals with coverage
    `interval`; a quantile forecast uses its outermost quantiles.

    Raises:
        ZooError: a network and a loss that do not go together, or an interval outside (0, 1).
    """

    kind = "forecasting"
    monitor = "val/rmse_normalized"
    monitor_mode = "min"
    double_precision = True
    measured_metadata = frozenset({"center", "scale", "known_center", "known_scale", "naive_error", "season"})
    not_averaged = frozenset({"intervals.residuals"})
    card_fields = CARD_FIELDS
    card_together = TOGETHER

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: nn.Module,
        train_on: str = "last",
        interval: float = 0.9,
        horizon: int = 1,
        in_channels: int = 1,
        out_channels: int = 1,
        center: list[float] | None = None,
        scale: list[float] | None = None,
        known_center: list[float] | None = None,
        known_scale: list[float] | None = None,
        naive_error: list[float] | None = None,
    ) -> None:
        scale = scale or [1.0] * in_channels
        errors = ForecastErrors(naive_error or [1.0] * out_channels, scale[:out_channels])
        super().__init__(network=network, loss=loss, metrics=MetricCollection({"errors": errors}))
        if not 0.0 < interval < 1.0:
            raise ZooError(f"`model.interval` (={interval}) must lie within (0, 1)")
        require_training(network, loss, train_on)
        self.train_on = train_on
        self.comparable_losses = train_on == "last"
        # Unbound, so that a deepcopy of the task calls it on its own network.
        self._sequence: Callable[..., Tensor] | None = getattr(type(network), "sequence", None)
        self.horizon = horizon
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.standardizer = Standardizer(
            center=center or [0.0] * in_channels,
            scale=scale,
            known_center=known_center or [],
            known_scale=known_scale or [],
        )
        quantiles: list[float] | None = getattr(loss, "quantiles", None)
        self.intervals: ConformalIntervals | QuantileIntervals
        if quantiles is None:
            self.intervals = ConformalIntervals(interval=interval, horizon=horizon, out_channels=out_channels)
        else:
            self.intervals = QuantileIntervals(quantiles)
        self.test_metrics.add_metrics({"intervals": IntervalErrors(self.intervals.levels)})
        self.test_calibration: list[tuple[float, float]] = []
        """Of the last test: each level, and the share of the truth at or below its quantile."""
        self.collected = nn.ModuleDict({name: Concatenated() for name in ForecastOutputs._fields})

    def forward(
        self, history: Float[Tensor, "b t c"], covariates: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d"]:
        """The forecast in the data's own units."""
        return self.standardizer.inverse(_point(self._outputs(history, covariates)))

    def network_inputs(self, batch: Any) -> tuple[Any, ...]:
        """The history, and the future covariates or None."""
        return (batch[0], batch[2])

    def resolve_source(self, source: Any) -> Any:
        """The path of a history file, or a data frame."""
        from zoo.tasks.forecasting.history_file import resolve  # pandas is optional

        return resolve(source, self.card)

    def example_inputs(self, batch_size: int = 1) -> tuple[Tensor, ...] | None:
        """Zeros in the shape of the history, and of the future covariates if the network reads them."""
        card = self.card
        if "context" not in card:
            return None
        history = torch.zeros(batch_size, card["context"], len(card["targets"]) + len(card["past_covariates"]))
        covariates = self.config.get("network", {}).get("covariate_channels", 0)
        steps = card["context"] + card["horizon"]
        return (history, torch.zeros(batch_size, steps, covariates)) if covariates else (history,)

    @classmethod
    def nominal_inputs(cls, network: Mapping[str, Any]) -> tuple[Tensor, ...] | None:
        """Zeros [1 T C] of 32 steps."""
        return (torch.zeros(1, _NOMINAL_STEPS, argument(network, "in_channels", 1)),)

    def compile_network(self) -> None:
        """Compiles the network for one forecast, and for those after every step."""
        super().compile_network()
        if self._sequence is not None:
            self._sequence = torch.compile(self._sequence)

    def step(self, batch: Any, stage: Stage) -> Tensor:
        """The loss of a batch in standardized units."""
        history, future, covariates = batch
        target = self._standardize(future)
        if stage == "train" and self.train_on == "last_half":
            return self._sequence_loss(history, target, covariates)
        outputs = self._outputs(history, covariates)
        loss: Tensor = self.loss(outputs, target)
        if stage == "train":
            return loss
        last = history[:, -1:, : self.out_channels].expand_as(future)
        forecast = self._forecast(outputs)
        self.metrics[stage]["errors"].update(forecast.value, future, last)
        if stage == "val":
            self.intervals.update(target.double() - _point(outputs).double())
        if stage == "test":
            self.test_metrics["intervals"].update(forecast.lower, forecast.upper, forecast.quantiles, future)
            outcome = ForecastOutputs(forecast.value, forecast.lower, forecast.upper, future.double())
            for name, values in outcome._asdict().items():
                self.collected[name].update(values)  # type: ignore[operator]
        return loss

    def _sequence_loss(self, history: Tensor, target: Float[Tensor, "b h d"], covariates: Tensor | None) -> Tensor:
        """The loss of the forecasts after each step of the last half."""
        past, positions = self._standardize(history), max(history.shape[1] // 2, 1)
        assert self._sequence is not None  # `require_training` has checked it
        outputs = self._sequence(self.network, past.to(self.dtype), self._standardize_covariates(covariates), positions)
        forecasts = self._in_loss_precision(outputs)
        loss: Tensor = self.loss(forecasts, next_steps(past, target, forecasts.shape[2], positions))
        return loss

    def _outputs(self, history: Tensor, covariates: Tensor | None) -> Float[Tensor, "b h d q"]:
        return self._in_loss_precision(
            self.network(self._standardize(history).to(self.dtype), self._standardize_covariates(covariates))
        )

    def _forecast(self, outputs: Float[Tensor, "b h d q"]) -> Forecast:
        return Forecast(*(self.standardizer.inverse(values) for values in (_point(outputs), *self.intervals(outputs))))

    def _in_loss_precision(self, values: Tensor) -> Tensor:
        """Values in the precision of losses and metrics: that of the weights, but at least single."""
        return values.to(torch.float64 if self.dtype == torch.float64 else torch.float32)

    def _standardize(self, values: Float[Tensor, "b t c"]) -> Float[Tensor, "b t c"]:
        return self._in_loss_precision(self.standardizer(values))

    def _standardize_covariates(self, covariates: Float[Tensor, "b s k"] | None) -> Float[Tensor, "b s k"] | None:
        return None if covariates is None else self.standardizer.covariates(covariates).to(self.dtype)

    def on_validation_start(self) -> None:
        """Drops the residuals of an earlier validation."""
        super().on_validation_start()
        self.intervals.reset()

    def on_validation_epoch_end(self) -> None:
        """Calibrates the intervals and logs the metrics."""
        source = self.intervals.calibrate(stride=self.card.get("data_config", {}).get("stride"))
        self.card["interval"] = {"level": round(self.intervals.level, 9), "source": source}
        super().on_validation_epoch_end()

    def on_test_start(self) -> None:
        """Drops the outputs of an earlier test."""
        for collected in self.collected.values():
            collected.reset()  # type: ignore[operator]

    def on_test_epoch_end(self) -> None:
        """Keeps the calibration for the report, and logs the metrics."""
        intervals = self.test_metrics["intervals"]
        assert isinstance(intervals, IntervalErrors)
        shares = (intervals.below / intervals.count).tolist()
        self.test_calibration = list(zip(intervals.levels.tolist(), shares, strict=True))
        super().on_test_epoch_end()

    def test_outputs(self) -> ForecastOutputs:
        """The outputs of the last test, on the CPU."""
        return ForecastOutputs(*(self.collected[n].compute().cpu() for n in ForecastOutputs._fields))  # type: ignore[operator]

    def evaluation_settings(self) -> dict[str, Any]:
        """The nominal level of the intervals, beside their measured coverage, and their source."""
        return {"interval": self.card.get("interval")}

    def advice(self, better: Sequence[str]) -> list[str]:
        """The nominal level beside the coverage, and what to try where a naive forecast is better."""
        return advice(self.card.get("interval"), better, differences=getattr(self.network, "difference_input", True))

    def predict_step(self, batch: Any, batch_idx: int = 0) -> Forecast:
        """Forecasts of a batch of windows, or of a tensor of histories."""
        history, _, covariates = (batch, None, None) if isinstance(batch, Tensor) else batch
        return self.forecast(history, covariates)

    def forecast(self, history: Float[Tensor, "b t c"], covariates: Float[Tensor, "b s k"] | None) -> Forecast:
        """The forecast of the trained horizon, with its intervals."""
        return self._forecast(self._outputs(history, covariates))


def _point(outputs: Float[Tensor, "b h d q"]) -> Float[Tensor, "b h d"]:
    """The point forecast: the only output, or the median."""
    return outputs[..., outputs.shape[-1] // 2]
