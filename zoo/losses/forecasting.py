"""Losses of point forecasts: squared error, absolute error, Huber."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError


class SquaredError(nn.Module):
    """Mean squared error, whose optimal forecast is the mean."""

    def forward(self, forecast: Float[Tensor, "*shape 1"], target: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
        """The mean over all values."""
        return F.mse_loss(forecast.squeeze(-1), target)


class AbsoluteError(nn.Module):
    """Mean absolute error, whose optimal forecast is the median."""

    def forward(self, forecast: Float[Tensor, "*shape 1"], target: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
        """The mean over all values."""
        return F.l1_loss(forecast.squeeze(-1), target)


class Huber(nn.Module):
    """Huber loss: squared for errors below `delta` (in standardized units), linear above.

    Source: Huber, "Robust Estimation of a Location Parameter", 1964.

    Raises:
        ZooError: `delta` not positive.
    """

    def __init__(self, *, delta: float) -> None:
        super().__init__()
        if delta <= 0:
            raise ZooError(f"`delta` (={delta}) must be positive")
        self.delta = delta

    def forward(self, forecast: Float[Tensor, "*shape 1"], target: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
        """The mean over all values."""
        return F.huber_loss(forecast.squeeze(-1), target, delta=self.delta)
