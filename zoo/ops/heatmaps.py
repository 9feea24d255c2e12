"""Heat maps of points: their means, and their divergence from a Gaussian."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class HeatmapOutput(NamedTuple):
    """The vector of a landmark network, and the heat maps whose means are its points."""

    logits: Float[Tensor, "b values"]
    """[presence, x1, y1, …, xK, yK, c1 … cC]: logits of presence and classes, points as fractions of the image."""
    heatmaps: Float[Tensor, "b k h w"]
    """Logits; a softmax over the cells of a map gives the distribution of its point."""


def vector(output: Tensor | HeatmapOutput) -> Float[Tensor, "b values"]:
    """The vector of a landmark network with or without heat maps, in float32."""
    return (output if isinstance(output, Tensor) else output.logits).float()


def soft_argmax(heatmaps: Float[Tensor, "b k h w"]) -> Float[Tensor, "b k 2"]:
    """The mean position (x, y) under the softmax of each map, as fractions of the map, in float32.

    DSNT, Nibali et al. 2018, arXiv:1801.07372, with fractions from 0 to 1 in place of -1 to 1.

    >>> soft_argmax(torch.tensor([[[[0.0, 50.0], [0.0, 0.0]]]]))
    tensor([[[0.7500, 0.2500]]])
    """
    rows, columns = heatmaps.shape[-2:]
    shares = heatmaps.float().flatten(2).softmax(2).unflatten(2, (rows, columns))
    x = (torch.arange(columns, device=heatmaps.device) + 0.5) / columns
    y = (torch.arange(rows, device=heatmaps.device) + 0.5) / rows
    return torch.stack([(shares.sum(2) * x).sum(2), (shares.sum(3) * y).sum(2)], 2)


def jensen_shannon(
    heatmaps: Float[Tensor, "b k h w"], points: Float[Tensor, "b k 2"], *, sigma: float
) -> Float[Tensor, "b k"]:
    """The Jensen–Shannon divergence in nats of each map's softmax from a Gaussian of `sigma` cells around its point."""
    rows, columns = heatmaps.shape[-2:]
    x = (torch.arange(columns, device=heatmaps.device) + 0.5 - points[..., :1] * columns) / sigma
    y = (torch.arange(rows, device=heatmaps.device) + 0.5 - points[..., 1:] * rows) / sigma
    goal = (-(x[:, :, None, :].square() + y[:, :, :, None].square()) / 2).flatten(2).log_softmax(2)
    ours = heatmaps.float().flatten(2).log_softmax(2)
    middle = torch.logaddexp(goal, ours) - math.log(2)
    return ((goal.exp() * (goal - middle)).sum(2) + (ours.exp() * (ours - middle)).sum(2)) / 2
