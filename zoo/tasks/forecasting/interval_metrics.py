"""How good intervals and quantiles are: coverage, width, and the continuous ranked probability score."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torchmetrics import Metric


def covered(
    lower: Float[Tensor, "*shape"], upper: Float[Tensor, "*shape"], target: Float[Tensor, "*shape"]
) -> Bool[Tensor, "*shape"]:
    """Whether each value lies within its interval, ends included."""
    return (lower <= target) & (target <= upper)


def crps(
    quantiles: Float[Tensor, "*shape q"], levels: Float[Tensor, " q"], target: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """Continuous ranked probability score from quantiles: twice the mean pinball loss over evenly spaced levels.

    Of one quantile, the median, it is the absolute error. Source: Gneiting and Raftery, "Strictly Proper Scoring
    Rules", 2007, section 4.2 and eq. 40.
    """
    error = target.unsqueeze(-1) - quantiles
    return 2.0 * torch.maximum(levels * error, (levels - 1.0) * error).mean(-1)


class IntervalErrors(Metric):
    """Coverage, mean width and CRPS over the batches of a stage, and how often the truth is below each quantile."""

    full_state_update = False
    count: Tensor
    inside: Tensor
    widths: Tensor
    scores: Tensor
    below: Tensor
    levels: Tensor

    def __init__(self, levels: list[float]) -> None:
        super().__init__()
        self.register_buffer("levels", torch.tensor(levels, dtype=torch.float64), persistent=False)
        self.add_state("below", default=torch.zeros(len(levels), dtype=torch.float64), dist_reduce_fx="sum")
        for state in ("count", "inside", "widths", "scores"):
            self.add_state(state, default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(
        self,
        lower: Float[Tensor, "n h d"],
        upper: Float[Tensor, "n h d"],
        quantiles: Float[Tensor, "n h d q"],
        target: Float[Tensor, "n h d"],
    ) -> None:
        """Adds windows in the data's own units, with one quantile for each level."""
        target = target.double()
        self.count += target.numel()
        self.inside += covered(lower.double(), upper.double(), target).sum()
        self.widths += (upper - lower).double().sum()
        self.scores += crps(quantiles.double(), self.levels, target).sum()
        self.below += (target.unsqueeze(-1) <= quantiles).double().sum((0, 1, 2))

    def compute(self) -> dict[str, Tensor]:
        """`coverage` in [0, 1], `width` and `crps` in the data's units."""
        return {
            "coverage": self.inside / self.count,
            "width": self.widths / self.count,
            "crps": self.scores / self.count,
        }
