"""Naive forecasters without parameters: baselines for trained forecasters."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError


class NaiveRandom(nn.Module):
    """Naive random forecaster: uniform values in [`low`, `high`), deterministic for a history.

    The values are a hash of the last values, so that a loaded forecaster repeats the saved one.
    """

    def __init__(self, *, out_channels: int = 1, horizon: int = 1, low: float = -2.0, high: float = 2.0) -> None:
        super().__init__()
        self.horizon = horizon
        self.out_channels = out_channels
        self.low = low
        self.high = high

    def forward(
        self, history: Float[Tensor, "b t c"], covariates: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d 1"]:
        """Returns one value for each step and channel."""
        last = history[:, -1, : self.out_channels].double()
        step = torch.arange(1, self.horizon + 1, device=last.device, dtype=last.dtype)
        noise = torch.sin(last[:, None, :] * 12_345.678 + step[:, None] * 78.233) * 43_758.5453
        unit = noise - noise.floor()  # the fractional part, uniform in [0, 1)
        return (self.low + (self.high - self.low) * unit).to(history.dtype).unsqueeze(-1)


class NaiveLast(nn.Module):
    """Naive forecaster: repeats the last value, the best forecast of a random walk."""

    def __init__(self, *, out_channels: int = 1, horizon: int = 1) -> None:
        super().__init__()
        self.horizon = horizon
        self.out_channels = out_channels

    def forward(
        self, history: Float[Tensor, "b t c"], covariates: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d 1"]:
        """Returns the last value at every step."""
        last = history[:, -1:, : self.out_channels]
        return last.expand(-1, self.horizon, -1).unsqueeze(-1)


class NaiveDrift(nn.Module):
    """Naive drift forecaster: extrapolates the line through the last two values.

    Raises:
        ZooError: a context of fewer than 2 steps.
    """

    def __init__(self, *, out_channels: int = 1, horizon: int = 1, context: int = 2) -> None:
        super().__init__()
        if context < 2:
            raise ZooError(f"`context` (={context}) must be at least 2: a trend needs two values")
        self.horizon = horizon
        self.out_channels = out_channels

    def forward(
        self, history: Float[Tensor, "b t c"], covariates: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d 1"]:
        """Returns the last value plus the last difference times the number of steps ahead."""
        targets = history[..., : self.out_channels]
        last, before = targets[:, -1:], targets[:, -2:-1]
        step = torch.arange(1, self.horizon + 1, device=history.device, dtype=history.dtype)
        return (last + step[:, None] * (last - before)).unsqueeze(-1)


class SeasonalNaive(nn.Module):
    """Seasonal naive forecaster: repeats the last `season` steps; a season of 1 repeats the last value.

    Raises:
        ZooError: `season` is below 1 or longer than the context.
    """

    def __init__(self, *, season: int = 1, context: int = 32, out_channels: int = 1, horizon: int = 1) -> None:
        super().__init__()
        if not 1 <= season <= context:
            raise ZooError(f"`season` (={season}) must lie in 1 … {context}, the length of the history")
        self.horizon = horizon
        self.out_channels = out_channels
        self.season = season

    def forward(
        self, history: Float[Tensor, "b t c"], covariates: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d 1"]:
        """Returns the value one season earlier, or several seasons where the horizon is longer."""
        season = history[:, -self.season :, : self.out_channels]
        step = torch.arange(self.horizon, device=history.device) % self.season
        return season[:, step].unsqueeze(-1)
