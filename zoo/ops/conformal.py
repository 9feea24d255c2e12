"""Quantiles of residuals for split-conformal intervals, valid for any forecaster."""

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
