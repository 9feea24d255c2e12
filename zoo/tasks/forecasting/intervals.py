"""Intervals and quantiles of a forecast: measured on residuals, or learned by the network."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.metrics.concatenated import Concatenated
from zoo.ops.conformal import pooled_radius, residual_quantiles, residuals_needed

LEVELS = [(k + 1) / 20 for k in range(19)]
"""Evenly spaced levels 0.05 … 0.95, for the CRPS."""


class Intervals(NamedTuple):
    """Bounds of the interval and all quantiles, in the units of the outputs."""

    lower: Float[Tensor, "b h d"]
    upper: Float[Tensor, "b h d"]
    quantiles: Float[Tensor, "b h d q"]


class ConformalIntervals(nn.Module):
    """Split-conformal intervals with coverage `level` around a point forecast, which they contain by construction.

    They come from the residuals of the last validation, separately for each step and channel; before the first one
    they are unbounded. With too few windows for that, the residuals of all steps are pooled.
    """

    edges: Float[Tensor, " q"]
    residuals: Float[Tensor, "q h d"]

    def __init__(self, *, interval: float, horizon: int, out_channels: int) -> None:
        super().__init__()
        self.levels = LEVELS
        self.level = interval
        edges = torch.tensor([*LEVELS, (1.0 - interval) / 2.0, (1.0 + interval) / 2.0], dtype=torch.float64)
        self.register_buffer("edges", edges, persistent=False)
        direction = torch.sign((edges - 0.5).round(decimals=9))
        unbounded = torch.where(direction == 0, 0.0, direction * torch.inf)
        self.register_buffer("residuals", unbounded[:, None, None].repeat(1, horizon, out_channels))
        self.validation = Concatenated()

    def forward(self, outputs: Float[Tensor, "b h d 1"]) -> Intervals:
        """The intervals and quantiles of a forecast of at most the trained horizon."""
        shifted = outputs + self.residuals[:, : outputs.shape[1]].permute(1, 2, 0)
        return Intervals(shifted[..., -2], shifted[..., -1], shifted[..., : len(LEVELS)])

    def update(self, residuals: Float[Tensor, "b h d"]) -> None:
        """Adds the residuals (truth less forecast) of a validation batch."""
        self.validation.update(residuals)

    def reset(self) -> None:
        """Drops the collected residuals; the intervals stay."""
        self.validation.reset()

    def calibrate(self, *, stride: int | None = None) -> str:
        """Takes the intervals from the residuals that were collected; returns how, in words.

        `stride` is the number of steps between the starts of windows, which overlap if it is below the horizon.
        """
        found = self.validation.compute()
        self.validation.reset()
        windows, needed = len(found), residuals_needed(self.level)
        source, pooled = found, windows < needed
        if pooled:
            source = found.flatten(0, 1)[:, None].expand(-1, found.shape[1], -1)
        self.residuals.copy_(residual_quantiles(source, self.edges))
        if not pooled:
            self.residuals[-2].clamp_(max=0.0)
            self.residuals[-1].clamp_(min=0.0)
            return f"from the residuals of {windows} validation windows, for each step{self._overlap(found, stride)}"
        radius = pooled_radius(found, self.level)
        self.residuals[-2], self.residuals[-1] = -radius, radius
        return (
            f"from the residuals of {windows} validation window{'s' if windows > 1 else ''}, pooled over the steps: "
            f"{needed} would be needed for {self.level:.0%} at each step, so the coverage is uncertain"
        )

    def _overlap(self, residuals: Float[Tensor, "n h d"], stride: int | None) -> str:
        """Says how many windows do not overlap, if those are too few for the level; empty otherwise."""
        windows, steps, _ = residuals.shape
        apart = windows if stride is None else min(((windows - 1) * stride + steps) // steps, windows)
        needed = residuals_needed(self.level)
        if apart >= needed:
            return ""
        return (
            f"; they overlap, and about {apart} {'do' if apart > 1 else 'does'} not: {needed} would be needed for "
            f"{self.level:.0%}, so the coverage is uncertain"
        )


class QuantileIntervals(nn.Module):
    """The quantiles that a network was trained to forecast; the outermost two are the interval."""

    source = "learned as quantiles"

    def __init__(self, levels: Sequence[float]) -> None:
        super().__init__()
        self.levels = list(levels)
        self.level = self.levels[-1] - self.levels[0]

    def forward(self, outputs: Float[Tensor, "b h d q"]) -> Intervals:
        """Sorts the quantiles, which may cross, since each is learned separately."""
        quantiles = outputs.sort(dim=-1).values
        return Intervals(quantiles[..., 0], quantiles[..., -1], quantiles)

    def update(self, residuals: Float[Tensor, "b h d"]) -> None:
        """Needs no residuals."""

    def reset(self) -> None:
        """Has collected none."""

    def calibrate(self, *, stride: int | None = None) -> str:
        """Needs no calibration."""
        return "learned as quantiles"
