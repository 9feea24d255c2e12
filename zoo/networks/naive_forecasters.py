"""Forecasts without parameters: the rules that a trained forecaster must beat."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError


class RandomForecaster(nn.Module):
    """Values drawn evenly from [`low`, `high`), the same for the same history: the lowest rung of the ladder.

    The draw is a hash of the last known values, so that a saved forecaster repeats itself.
    """

    def __init__(self, *, out_channels: int = 1, horizon: int = 1, low: float = -2.0, high: float = 2.0) -> None:
        super().__init__()
        self.horizon = horizon
        self.out_channels = out_channels
        self.low = low
        self.high = high

    def forward(
        self, history: Float[Tensor, "b t c"], known: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d 1"]:
        """Draws for each step and channel."""
        last = history[:, -1, : self.out_channels].double()
        step = torch.arange(1, self.horizon + 1, device=last.device, dtype=last.dtype)
        noise = torch.sin(last[:, None, :] * 12_345.678 + step[:, None] * 78.233) * 43_758.5453
        unit = noise - noise.floor()  # the fractional part, spread evenly over [0, 1)
        return (self.low + (self.high - self.low) * unit).to(history.dtype).unsqueeze(-1)


class LastValue(nn.Module):
    """Repeats the last known value: LAST, the random walk's best forecast."""

    def __init__(self, *, out_channels: int = 1, horizon: int = 1) -> None:
        super().__init__()
        self.horizon = horizon
        self.out_channels = out_channels

    def forward(
        self, history: Float[Tensor, "b t c"], known: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d 1"]:
        """The last value at every step."""
        last = history[:, -1:, : self.out_channels]
        return last.expand(-1, self.horizon, -1).unsqueeze(-1)


class LastTrend(nn.Module):
    """Goes on along the line through the last two values: LAST2."""

    def __init__(self, *, out_channels: int = 1, horizon: int = 1, context: int = 2) -> None:
        super().__init__()
        if context < 2:
            raise ZooError(f"`context` (={context}) must be at least 2: a trend needs two values")
        self.horizon = horizon
        self.out_channels = out_channels

    def forward(
        self, history: Float[Tensor, "b t c"], known: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d 1"]:
        """The line, one slope a step."""
        known_values = history[..., : self.out_channels]
        last, before = known_values[:, -1:], known_values[:, -2:-1]
        step = torch.arange(1, self.horizon + 1, device=history.device, dtype=history.dtype)
        return (last + step[:, None] * (last - before)).unsqueeze(-1)


class SeasonalNaive(nn.Module):
    """Repeats the last known season of `season` steps; with a season of 1 it is LAST.

    Raises:
        ZooError: a season longer than the known past, or below 1.
    """

    def __init__(self, *, season: int = 1, context: int = 32, out_channels: int = 1, horizon: int = 1) -> None:
        super().__init__()
        if not 1 <= season <= context:
            raise ZooError(f"`season` (={season}) must lie in 1 … {context}, the length of the known past")
        self.horizon = horizon
        self.out_channels = out_channels
        self.season = season

    def forward(
        self, history: Float[Tensor, "b t c"], known: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d 1"]:
        """The value one season, or as many as it takes, earlier."""
        season = history[:, -self.season :, : self.out_channels]
        step = torch.arange(self.horizon, device=history.device) % self.season
        return season[:, step].unsqueeze(-1)
