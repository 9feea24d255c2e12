"""Split-conformal intervals around predicted numbers or quantiles."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.metrics.concatenated import Concatenated


class ConformalInterval(nn.Module):
    """Widens [lower, upper] on both sides, so that it covers the validation targets with probability `level`.

    The margin is the ceil((n + 1) level)-th smallest of n scores max(lower - target, target - upper). For one predicted
    number the score is its absolute error (Lei et al., 2018, arXiv:1604.04173); for quantiles the intervals are those
    of conformalized quantile regression (Romano et al., 2019, arXiv:1905.03222), whose margin may be negative. Before
    the first validation, and with too few targets for `level`, intervals are unbounded.

    Raises:
        ZooError: a level outside (0, 1).
    """

    margin: Tensor

    def __init__(self, level: float) -> None:
        super().__init__()
        if not 0.0 < level < 1.0:
            raise ZooError(f"`model.interval` (={level}) must lie within (0, 1)")
        self.level = level
        self.register_buffer("margin", torch.tensor(torch.inf, dtype=torch.float64))
        self.scores = Concatenated()

    def forward(self, outputs: Float[Tensor, "n q"]) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """The bounds for predicted numbers [N 1] or quantiles [N Q]."""
        lower, upper = _ends(outputs)
        lower, upper = lower - self.margin, upper + self.margin
        middle = outputs[:, outputs.shape[1] // 2]  # a negative margin never leaves out the prediction
        return torch.minimum(lower, middle), torch.maximum(upper, middle)

    def update(self, outputs: Float[Tensor, "n q"], target: Float[Tensor, " n"]) -> None:
        """Adds a validation batch."""
        lower, upper = _ends(outputs)
        self.scores.update(torch.maximum(lower - target, target - upper).double())

    def reset(self) -> None:
        """Drops the scores; the margin stays."""
        self.scores.reset()

    def calibrate(self) -> str:
        """Takes the margin from the scores that were added; returns how, in words."""
        scores = self.scores.compute()
        self.scores.reset()
        count = len(scores)
        rank = math.ceil((count + 1) * self.level - 1e-9)
        self.margin.fill_(torch.inf)
        if rank > count:
            needed = math.ceil(self.level / (1.0 - self.level) - 1e-9)
            return f"unbounded: {count} validation samples, and {needed} are needed for {self.level:.0%}"
        self.margin.copy_(scores.sort().values[rank - 1])
        return f"from {count} validation samples"


def _ends(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """The outermost quantiles; they may cross, since each is learned separately."""
    return outputs.amin(1), outputs.amax(1)
