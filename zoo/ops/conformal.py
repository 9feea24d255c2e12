"""Quantiles of residuals, for intervals that hold whatever the forecaster."""

import torch
from jaxtyping import Float
from torch import Tensor


def residual_quantiles(residuals: Float[Tensor, "n *shape"], levels: Float[Tensor, " q"]) -> Float[Tensor, "q *shape"]:
    """The residual (truth less forecast) of each level, over the n residuals of each value.

    Split-conformal: of n exchangeable residuals, a new one is no greater than the ceil((n + 1) level)-th with at
    least that probability; levels below one half take the floor, so that an interval errs on the wide side. Where
    n is too small for a level, its outermost residual stands in.

    Source: Lei et al., "Distribution-Free Predictive Inference for Regression", 2018, arXiv:1604.04173.
    """
    n = len(residuals)
    position = (n + 1) * levels.double()
    rank = torch.where(levels < 0.5, (position + 1e-9).floor(), (position - 1e-9).ceil())
    return residuals.sort(dim=0).values[rank.long().clamp(1, n) - 1]
