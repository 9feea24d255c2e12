"""Mean loss over samples."""

import torch
from jaxtyping import Int
from torch import Tensor
from torchmetrics import Metric, MetricCollection


class MeanLoss(Metric):
    """Mean over samples of losses that are means over batches.

    torchmetrics' `MeanMetric` checks for NaN at every update, which synchronizes with the GPU, or ignores weights.
    """

    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", default=torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("count", default=torch.zeros(()), dist_reduce_fx="sum")

    def update(self, loss: Tensor, samples: int | Int[Tensor, ""]) -> None:
        """Adds the mean `loss` of a batch of `samples`."""
        self.total += loss.detach() * samples
        self.count += samples

    def compute(self) -> Tensor:
        """The mean loss; NaN before the first update."""
        return self.total / self.count


def with_loss(metrics: MetricCollection, prefix: str) -> MetricCollection:
    """Returns a copy of metrics with the mean loss, named with a prefix."""
    collection = metrics.clone(prefix=prefix)
    collection.add_metrics({"loss": MeanLoss()})
    return collection
