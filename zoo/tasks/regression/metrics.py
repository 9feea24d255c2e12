"""Errors of predicted numbers, and the coverage of their intervals."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

Values = Float[Tensor, " n"]
_ROUNDING = 1e-12  # of a sum of squares


class RegressionErrors(Metric):
    """`rmse`, `mae` and `r2` in the units of the target, in double precision.

    R² is 1 minus the mean squared error over the variance of the measured targets; 0 equals their mean, and of equal
    targets it is NaN.
    """

    full_state_update = False
    count: Tensor
    square: Tensor
    absolute: Tensor
    total: Tensor
    total_square: Tensor

    def __init__(self, center: float, *, sync_on_compute: bool = True) -> None:
        super().__init__(sync_on_compute=sync_on_compute)
        self.center = center  # sums of squares around it stay exact for large numbers
        for state in ("count", "square", "absolute", "total", "total_square"):
            self.add_state(state, default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, predicted: Values, target: Values) -> None:
        """Adds a batch."""
        error, deviation = predicted.double() - target.double(), target.double() - self.center
        self.count += len(error)
        self.square += error.square().sum()
        self.absolute += error.abs().sum()
        self.total += deviation.sum()
        self.total_square += deviation.square().sum()

    def compute(self) -> dict[str, Tensor]:
        """All errors; NaN before the first update."""
        spread = self.total_square - self.total.square() / self.count
        spread = spread.where(spread > _ROUNDING * self.total_square, torch.nan)
        return {
            "rmse": (self.square / self.count).sqrt(),
            "mae": self.absolute / self.count,
            "r2": 1.0 - self.square / spread,
        }


class Coverage(Metric):
    """`coverage`, the share of the targets inside their intervals, and `width`, the mean width of the intervals."""

    full_state_update = False
    count: Tensor
    inside: Tensor
    total: Tensor

    def __init__(self) -> None:
        super().__init__()
        for state in ("count", "inside", "total"):
            self.add_state(state, default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, lower: Values, upper: Values, target: Values) -> None:
        """Adds a batch."""
        self.count += len(target)
        self.inside += ((lower <= target) & (target <= upper)).sum()
        self.total += (upper - lower).double().sum()

    def compute(self) -> dict[str, Tensor]:
        """Both; NaN before the first update."""
        return {"coverage": self.inside / self.count, "width": self.total / self.count}
