"""Classification accuracy."""

import torch
from jaxtyping import Int
from torch import Tensor
from torchmetrics import Metric


class Accuracy(Metric):
    """Fraction of correct predictions, counted in integers.

    Cheap enough for every training step: torchmetrics' `Accuracy` needs a dozen more operations.
    """

    full_state_update = False
    correct: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("correct", default=torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")
        self.add_state("count", default=torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")

    def update(self, predictions: Int[Tensor, " n"], labels: Int[Tensor, " n"]) -> None:
        """Adds a batch."""
        self.correct += (predictions == labels).sum()
        self.count += len(labels)

    def compute(self) -> Tensor:
        """The accuracy in [0, 1]; NaN before the first update."""
        return self.correct / self.count
