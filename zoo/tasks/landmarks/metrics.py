"""Errors of predicted points."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric


class PointErrors(Metric):
    """`nme`, the normalized mean error, and `found`, the share of points with a normalized error below 0.1.

    Distances are divided by the object size: the square root of the area of the box around the true points. Only
    images with an object count.
    """

    full_state_update = False
    total: Tensor
    near: Tensor
    count: Tensor

    def __init__(self, *, sync_on_compute: bool = True) -> None:
        super().__init__(sync_on_compute=sync_on_compute)
        for name in ("total", "near", "count"):
            self.add_state(name, default=torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, predicted: Float[Tensor, "b k 2"], points: Float[Tensor, "b k 2"]) -> None:
        """Adds images with an object."""
        distances = normalized_distances(predicted, points)
        self.total += distances.double().sum()
        self.near += (distances < 0.1).sum()
        self.count += distances.numel()

    def compute(self) -> dict[str, Tensor]:
        """`nme` and `found`."""
        count = self.count.clamp(min=1)
        return {"nme": (self.total / count).float(), "found": (self.near / count).float()}


def normalized_distances(predicted: Float[Tensor, "b k 2"], points: Float[Tensor, "b k 2"]) -> Float[Tensor, "b k"]:
    """Distance of each point, divided by the square root of the area of the box around the true points."""
    size = (points.amax(1) - points.amin(1)).clamp(min=1e-6).prod(1).sqrt()
    return (predicted - points).norm(dim=2) / size[:, None]
