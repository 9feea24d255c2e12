"""Hinge losses of classifiers."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.errors import ZooError


class Hinge(nn.Module):
    """Mean of max(0, `margin` - (score of the class - best score of another class)), or of its square.

    Source: Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines, 2001.
    With two classes it is the binary hinge max(0, margin - y·s) of the score s, the difference of both logits, and
    y of -1 or 1. The probabilities of such a model are not calibrated.

    Raises:
        ZooError: the margin is not positive.
    """

    def __init__(self, *, margin: float = 1.0, squared: bool = False) -> None:
        super().__init__()
        if margin <= 0:
            raise ZooError(f"`margin` (={margin}) must be positive")
        self.margin = margin
        self.squared = squared

    def forward(
        self, logits: Float[Tensor, "b k"], target: Int[Tensor, " b"] | Float[Tensor, "b k"]
    ) -> Float[Tensor, ""]:
        """Returns the mean over the batch.

        Raises:
            ZooError: the target has class probabilities, as mixup makes them.
        """
        if target.ndim > 1:
            raise ZooError("a hinge loss takes class indices: leave out augmentations that mix images")
        own = logits.gather(1, target[:, None])
        others = logits.scatter(1, target[:, None], -torch.inf).amax(1, keepdim=True)
        short = (self.margin - (own - others)).clamp_min(0)
        return (short.square() if self.squared else short).mean()
