"""Quantiles of residuals for split-conformal intervals, valid for any forecaster."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def residual_quantiles(residuals: Float[Tensor, "n *shape"], levels: Float[Tensor, " q"]) -> Float[Tensor, "q *shape"]:
    """Returns the residual (truth minus forecast) at each level, over the n residuals of each value.

    Of n exchangeable residuals, the ceil((n + 1) level)-th bounds a new one with at least probability `level`.
    Levels below one half take the floor, which widens the interval. If n is too small for a level, the
    outermost residual is returned.

    Source: Lei et al., "Distribution-Free Predictive Inference for Regression", 2018, arXiv:1604.04173.
    """
    n = len(residuals)
    position = (n + 1) * levels.double()
    rank = torch.where(levels < 0.5, (position + 1e-9).floor(), (position - 1e-9).ceil())
    return residuals.sort(dim=0).values[rank.long().clamp(1, n) - 1]


def residuals_needed(level: float) -> int:
    """Returns the number of residuals from which on an order statistic bounds each side of an interval.

    >>> [residuals_needed(level) for level in (0.8, 0.9, 0.95)]
    [9, 19, 39]
    """
    return math.ceil(2.0 / (1.0 - level) - 1.0 - 1e-9)


def pooled_radius(residuals: Float[Tensor, "n h d"], level: float) -> Float[Tensor, " d"]:
    """Returns the half-width of a symmetric interval of all steps, from residuals pooled over windows and steps.

    The n windows start at least one step apart, so they cover at least m = n + h - 1 distinct steps. The radius is the
    quantile ceil((m + 1) level) / m of the absolute residuals; the largest one where m is too small for `level`.
    """
    windows, steps, _ = residuals.shape
    distinct = windows + steps - 1
    share = min(math.ceil((distinct + 1) * level - 1e-9) / distinct, 1.0)
    sizes = residuals.abs().flatten(0, 1).sort(dim=0).values
    return sizes[math.ceil(share * len(sizes) - 1e-9) - 1]
