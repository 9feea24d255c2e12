"""Errors of forecasts: RMSE, MAE, sMAPE, WAPE, MASE, and the skill relative to the last value."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

Values = Float[Tensor, "n h d"]


def rmse(forecast: Values, target: Values) -> Float[Tensor, ""]:
    """Root of the mean squared error over all values at once (not the mean of roots)."""
    return (forecast - target).square().mean().sqrt()


def mae(forecast: Values, target: Values) -> Float[Tensor, ""]:
    """Mean absolute error."""
    return (forecast - target).abs().mean()


def smape(forecast: Values, target: Values) -> Float[Tensor, ""]:
    """Symmetric mean absolute percentage error as a fraction in [0, 2]: mean of 2|y - f| / (|y| + |f|).

    A value of 0 with a forecast of 0 counts as 0. Source: Makridakis et al., the M4 competition, 2018.
    """
    return _symmetric(forecast, target).mean()


def wape(forecast: Values, target: Values) -> Float[Tensor, ""]:
    """Weighted absolute percentage error as a fraction: the sum of |y - f| over that of |y|."""
    return (forecast - target).abs().sum() / target.abs().sum()


def mase(forecast: Values, target: Values, naive_error: Float[Tensor, " d"]) -> Float[Tensor, ""]:
    """Mean absolute scaled error: the error of each channel over that of the naive forecast on the training split.

    The (seasonal) naive forecast has 1 on the training split by definition. Source: Hyndman and Koehler,
    "Another look at measures of forecast accuracy", 2006.
    """
    return ((forecast - target).abs().mean((0, 1)) / naive_error).mean()


def skill(forecast: Values, target: Values, last: Values) -> Float[Tensor, ""]:
    """1 minus the ratio of the RMSE to that of the last value: 0 equals the last value, 1 is perfect."""
    return 1.0 - rmse(forecast, target) / rmse(last, target)


def _symmetric(forecast: Tensor, target: Tensor) -> Tensor:
    size = forecast.abs() + target.abs()
    return torch.where(size > 0, 2.0 * (forecast - target).abs() / torch.where(size > 0, size, 1.0), 0.0)


class ForecastErrors(Metric):
    """All errors of this module over the batches of a stage, in double precision.

    Errors in standardized units (divided by `scale` [d]) are named `…_normalized`.
    """

    full_state_update = False
    count: Tensor
    square: Tensor
    absolute: Tensor
    symmetric: Tensor
    size: Tensor
    last_square: Tensor
    naive_error: Tensor
    scale: Tensor

    def __init__(self, naive_error: list[float], scale: list[float], *, sync_on_compute: bool = True) -> None:
        super().__init__(sync_on_compute=sync_on_compute)
        self.register_buffer("naive_error", torch.tensor(naive_error, dtype=torch.float64), persistent=False)
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float64), persistent=False)
        zeros = torch.zeros(len(scale), dtype=torch.float64)
        for state in ("count", "square", "absolute", "symmetric", "size", "last_square"):
            self.add_state(state, default=zeros.clone(), dist_reduce_fx="sum")

    def update(self, forecast: Values, target: Values, last: Values) -> None:
        """Adds windows in the units of the data; `last` is the forecast that repeats the last value of the history."""
        forecast, target = forecast.double(), target.double()
        error = forecast - target
        self.count += target.shape[0] * target.shape[1]
        self.square += error.square().sum((0, 1))
        self.absolute += error.abs().sum((0, 1))
        self.symmetric += _symmetric(forecast, target).sum((0, 1))
        self.size += target.abs().sum((0, 1))
        self.last_square += (last.double() - target).square().sum((0, 1))

    def compute(self) -> dict[str, Tensor]:
        """Every error by name."""
        total = self.count.sum()
        root = (self.square.sum() / total).sqrt()
        mean_square = (self.square / self.scale.square()).sum() / total
        return {
            "rmse": root,
            "mae": self.absolute.sum() / total,
            "smape": self.symmetric.sum() / total,
            "wape": self.absolute.sum() / self.size.sum(),
            "mase": (self.absolute / self.count / self.naive_error).mean(),
            "skill": 1.0 - root / (self.last_square.sum() / total).sqrt(),
            "mse_normalized": mean_square,
            "rmse_normalized": mean_square.sqrt(),
            "mae_normalized": (self.absolute / self.scale).sum() / total,
        }
