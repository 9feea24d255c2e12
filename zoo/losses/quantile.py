"""The quantile (pinball) loss."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError


class Quantile(nn.Module):
    """Mean pinball loss, with one output per quantile; `quantiles` ascend around 0.5, which is the point forecast.

    Source: Koenker and Bassett, "Regression Quantiles", 1978.

    Raises:
        ZooError: quantiles outside (0, 1), not ascending, none, or without 0.5 in the middle.
    """

    levels: Tensor

    def __init__(self, *, quantiles: list[float]) -> None:
        super().__init__()
        ascending = all(a < b for a, b in pairwise(quantiles))
        if not quantiles or not ascending or not all(0.0 < q < 1.0 for q in quantiles):
            raise ZooError(f"`quantiles` (={quantiles}) must ascend within (0, 1)")
        if len(quantiles) % 2 == 0 or quantiles[len(quantiles) // 2] != 0.5:
            raise ZooError(
                f"`quantiles` (={quantiles}) must have 0.5, which is the forecast, in the middle, and as many below it "
                f"as above: [0.05, 0.5, 0.95] gives an interval of 90 %"
            )
        self.quantiles = list(quantiles)
        self.register_buffer("levels", torch.tensor(quantiles), persistent=False)

    def forward(self, forecast: Float[Tensor, "*shape q"], target: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
        """Returns the mean over values and quantiles."""
        error = target.unsqueeze(-1) - forecast
        return torch.maximum(self.levels * error, (self.levels - 1.0) * error).mean()
