"""Forecasting: the steps that follow a known past, with intervals."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchmetrics import MetricCollection

from zoo.errors import ZooError
from zoo.metrics.collect import Collected
from zoo.ops.conformal import residual_quantiles
from zoo.ops.windows import next_steps
from zoo.tasks.base import Stage, Task
from zoo.tasks.forecasting.intervals import IntervalErrors
from zoo.tasks.forecasting.metrics import ForecastErrors

_GRID = 19  # evenly spaced levels 0.05 … 0.95, for the CRPS


class Forecast(NamedTuple):
    """A batch of forecasts in the data's own units."""

    value: Float[Tensor, "b h d"]
    lower: Float[Tensor, "b h d"]
    upper: Float[Tensor, "b h d"]
    quantiles: Float[Tensor, "b h d q"]


class Tested(NamedTuple):
    """What the test split was forecast as, in order."""

    value: Float[Tensor, "n h d"]
    lower: Float[Tensor, "n h d"]
    upper: Float[Tensor, "n h d"]
    target: Float[Tensor, "n h d"]


class Forecasting(Task):
    """Forecasts of `(history [B T C], future [B H D], known [B T+H K] or None)`, all in the data's own units.

    The network reads and answers in standardised units: `center` and `scale` are those of the training part.
    With `loss_on` half it is trained on the forecasts made after each step of the last half of the history, with
    last only on those after its end; it is always measured on the latter.

    A network of one output gets split-conformal intervals of the share `interval` from the residuals of the last
    validation; one of quantiles has its outermost as interval.

    Raises:
        ZooError: a network and a loss that do not go together, or an interval outside (0, 1).
    """

    kind = "forecasting"
    monitor = "val/rmse_normalised"
    monitor_mode = "min"
    measured_facts = frozenset({"center", "scale", "known_center", "known_scale", "naive_error", "season"})
    not_averaged = frozenset({"residuals"})

    center: Tensor
    scale: Tensor
    known_center: Tensor
    known_scale: Tensor
    levels: Tensor
    residuals: Tensor

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: nn.Module,
        loss_on: str = "last",
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
        self._check_loss(network, loss, loss_on)
        self.loss_on = loss_on
        # Of the class and not bound to this network, so that a copy of the task calls its own, compiled or not.
        self._sequence: Callable[..., Tensor] | None = getattr(type(network), "sequence", None)
        self.horizon = horizon
        self.in_channels = in_channels
        self.out_channels = out_channels
        for name, values in {
            "center": center or [0.0] * in_channels,
            "scale": scale,
            "known_center": known_center or [],
            "known_scale": known_scale or [],
        }.items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64))
        quantiles: list[float] | None = getattr(loss, "quantiles", None)
        self.conformal = quantiles is None
        edges = [(1.0 - interval) / 2.0, (1.0 + interval) / 2.0]
        grid = [(k + 1) / (_GRID + 1) for k in range(_GRID)] if quantiles is None else quantiles
        self.test_metrics.add_metrics({"intervals": IntervalErrors(grid)})
        self.test_calibration: list[tuple[float, float]] = []
        """Of the last test: each level, and the share of the truth at or below its quantile."""
        if self.conformal:
            levels = torch.tensor([*grid, *edges], dtype=torch.float64)
            self.register_buffer("levels", levels, persistent=False)
            outward = torch.sign((levels - 0.5).round(decimals=9))  # without bounds until the first validation
            unbounded = torch.where(outward == 0, 0.0, outward * torch.inf)
            self.register_buffer("residuals", unbounded[:, None, None].repeat(1, horizon, out_channels))
        self.val_residuals = Collected()
        self.collected = nn.ModuleDict({name: Collected() for name in Tested._fields})

    @staticmethod
    def _check_loss(network: nn.Module, loss: nn.Module, loss_on: str) -> None:
        outputs = getattr(network, "outputs", 1)
        wanted = len(getattr(loss, "quantiles", [0.5]))
        if outputs != wanted:
            raise ZooError(f"`model.network.outputs` (={outputs}) must be {wanted}, the quantiles of model.loss")
        if loss_on not in ("last", "half"):
            raise ZooError(f"`model.loss_on` (={loss_on}) must be one of: last, half")
        if loss_on == "half" and not hasattr(network, "sequence"):
            raise ZooError("`model.loss_on` (=half) needs a recurrent network, which forecasts after every step")
        if loss_on == "half" and not getattr(network, "causal", True):
            raise ZooError(
                "`model.loss_on` (=half) goes with bidirectional=false: the backward pass sees the answers; "
                "set model.loss_on=last"
            )

    def forward(
        self, history: Float[Tensor, "b t c"], known: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d"]:
        """The forecast in the data's own units."""
        return self._own(self._point(self._outputs(history, known)))

    def compile_network(self) -> None:
        """Compiles the network for one forecast and for those after every step."""
        super().compile_network()
        if self._sequence is not None:
            self._sequence = torch.compile(self._sequence)

    def step(self, batch: Any, stage: Stage) -> Tensor:
        """The loss of a batch in standardised units."""
        history, future, known = batch
        target = self._standard(future)
        if stage == "train" and self.loss_on == "half":
            past, covariates = self._standard(history), self._standard_known(known)
            positions = max(history.shape[1] // 2, 1)
            assert self._sequence is not None  # as was checked with the loss
            forecasts = self._precise(self._sequence(self.network, past.to(self.dtype), covariates, positions))
            return self.loss(forecasts, next_steps(past, target, forecasts.shape[2], positions))
        outputs = self._outputs(history, known)
        loss: Tensor = self.loss(outputs, target)
        if stage == "train":
            return loss
        last = history[:, -1:, : self.out_channels].expand_as(future)
        forecast = self._forecast(outputs)
        self.metrics_of(stage)["errors"].update(forecast.value, future, last)
        if stage == "val" and self.conformal:
            self.val_residuals.update(target.double() - self._point(outputs).double())
        if stage == "test":
            self._keep(forecast, future)
        return loss

    def _keep(self, forecast: Forecast, future: Tensor) -> None:
        self.test_metrics["intervals"].update(forecast.lower, forecast.upper, forecast.quantiles, future)
        outputs = Tested(forecast.value, forecast.lower, forecast.upper, future.double())
        for name, values in outputs._asdict().items():
            self.collected[name].update(values)  # type: ignore[operator]

    def _outputs(self, history: Tensor, known: Tensor | None) -> Float[Tensor, "b h d q"]:
        return self._precise(self.network(self._standard(history).to(self.dtype), self._standard_known(known)))

    def _point(self, outputs: Float[Tensor, "b h d q"]) -> Float[Tensor, "b h d"]:
        return outputs[..., outputs.shape[-1] // 2]

    def _forecast(self, outputs: Float[Tensor, "b h d q"]) -> Forecast:
        value = self._point(outputs)
        if self.conformal:
            shifted = value.unsqueeze(-1) + self.residuals[:, : value.shape[1]].permute(1, 2, 0)
            lower, upper, quantiles = shifted[..., -2], shifted[..., -1], shifted[..., :_GRID]
        else:  # quantiles learnt apart may cross: put them in order
            quantiles = outputs.sort(dim=-1).values
            lower, upper = quantiles[..., 0], quantiles[..., -1]
        scale, center = self.scale[: self.out_channels, None], self.center[: self.out_channels, None]
        return Forecast(self._own(value), self._own(lower), self._own(upper), quantiles * scale + center)

    def _precise(self, values: Tensor) -> Tensor:
        """What losses and metrics are computed in: the precision of the weights, but at least single."""
        return values.to(torch.float64 if self.dtype == torch.float64 else torch.float32)

    def _standard(self, values: Float[Tensor, "b t c"]) -> Float[Tensor, "b t c"]:
        center, scale, channels = self.center, self.scale, values.shape[2]
        if channels < len(center):  # the future's are the first of the history's
            center, scale = center[:channels], scale[:channels]
        return self._precise((values - center).div_(scale))

    def _standard_known(self, known: Float[Tensor, "b s k"] | None) -> Float[Tensor, "b s k"] | None:
        return None if known is None else ((known - self.known_center) / self.known_scale).to(self.dtype)

    def _own(self, values: Float[Tensor, "b h d"]) -> Float[Tensor, "b h d"]:
        return values * self.scale[: self.out_channels] + self.center[: self.out_channels]

    def on_validation_start(self) -> None:
        """Forgets the residuals of an earlier validation."""
        super().on_validation_start()
        self.val_residuals.reset()

    def on_validation_epoch_end(self) -> None:
        """Takes the intervals from the residuals of this validation, and logs its metrics."""
        if self.conformal:
            self.residuals.copy_(residual_quantiles(self.val_residuals.compute(), self.levels))
            self.val_residuals.reset()
        super().on_validation_epoch_end()

    def on_test_start(self) -> None:
        """Forgets the outputs of an earlier test."""
        for collected in self.collected.values():
            collected.reset()  # type: ignore[operator]

    def on_test_epoch_end(self) -> None:
        """Keeps the calibration for the report, and logs the metrics."""
        intervals = self.test_metrics["intervals"]
        assert isinstance(intervals, IntervalErrors)
        shares = (intervals.below / intervals.count).tolist()
        self.test_calibration = list(zip(intervals.levels.tolist(), shares, strict=True))
        super().on_test_epoch_end()

    def test_outputs(self) -> Tested:
        """What the last test produced, on the CPU."""
        return Tested(*(self.collected[n].compute().cpu() for n in Tested._fields))  # type: ignore[operator]

    def predict_step(self, batch: Any, batch_idx: int = 0) -> Forecast:
        """Forecasts of a batch of windows, or of a tensor of histories."""
        history, _, known = (batch, None, None) if isinstance(batch, Tensor) else batch
        return self.forecast(history, known)

    def forecast(self, history: Float[Tensor, "b t c"], known: Float[Tensor, "b s k"] | None) -> Forecast:
        """The forecast of the steps that the network was trained for, with its intervals."""
        return self._forecast(self._outputs(history, known))
