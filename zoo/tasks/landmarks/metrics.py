"""Errors of predicted points and of boxes between two points."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics import Metric

from zoo.ops.iou import overlap

LIMIT = 0.1  # of the object's size: a point within it is found, an image with a larger mean error is a failure
CLOSE = 0.05
_OVERLAP = 0.5


class PointErrors(Metric):
    """Errors of visible points, divided by the size of the object as the data defines it.

    `nme` is the normalized mean error; `found` and `found_0.05` are the shares of points with an error of at most 0.1
    and 0.05 (PCK); `failure_rate` is the share of images with a mean error above 0.1, and `ced_auc` the area under the
    cumulative distribution of these means up to 0.1, from 0 to 1. Only images with an object count.
    """

    full_state_update = False
    sums: Tensor
    points: Tensor
    images: Tensor

    def __init__(self, *, sync_on_compute: bool = True) -> None:
        super().__init__(sync_on_compute=sync_on_compute)
        self.add_state("sums", default=torch.zeros(5, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("points", default=torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("images", default=torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")

    def update(
        self,
        predicted: Float[Tensor, "b k 2"],
        points: Float[Tensor, "b k 2"],
        visible: Bool[Tensor, "b k"],
        size: Float[Tensor, " b"],
    ) -> None:
        """Adds images; one without a visible point adds nothing."""
        distances = normalized_distances(predicted, points, size)
        shown = torch.where(visible, distances, 0.0)
        counts = visible.sum(1)
        means = shown.sum(1) / counts.clamp(min=1)
        some = counts > 0
        parts = [
            shown.double().sum(),
            ((distances <= LIMIT) & visible).sum(),
            ((distances <= CLOSE) & visible).sum(),
            ((means > LIMIT) & some).sum(),
            torch.where(some, (1 - means.double() / LIMIT).clamp(min=0), 0.0).sum(),
        ]
        self.sums += torch.stack([part.double() for part in parts])
        self.points += counts.sum()
        self.images += some.sum()

    def compute(self) -> dict[str, Tensor]:
        """The metrics by name."""
        points, images = self.points.clamp(min=1), self.images.clamp(min=1)
        counts = torch.stack([points, points, points, images, images])
        names = ("nme", "found", "found_0.05", "failure_rate", "ced_auc")
        return dict(zip(names, (self.sums / counts).float().unbind(), strict=True))


class BoxErrors(Metric):
    """`iou` of boxes between two points, the share `iou_50` with at least 0.5, and `top1_error`.

    `top1_error` is ILSVRC's localization error (Russakovsky et al. 2015, arXiv:1409.0575): the share of objects whose
    class is wrong or whose box has an IoU below 0.5.
    """

    full_state_update = False
    sums: Tensor
    count: Tensor

    def __init__(self, *, sync_on_compute: bool = True) -> None:
        super().__init__(sync_on_compute=sync_on_compute)
        self.add_state("sums", default=torch.zeros(3, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", default=torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")

    def update(
        self,
        predicted: Float[Tensor, "b 2 2"],
        points: Float[Tensor, "b 2 2"],
        classes: Int[Tensor, " b"],
        labels: Int[Tensor, " b"],
    ) -> None:
        """Adds images with an object."""
        iou = overlap(predicted.flatten(1), points.flatten(1))
        good = iou >= _OVERLAP
        wrong = ~good | (classes != labels)
        self.sums += torch.stack([iou.double().sum(), good.sum().double(), wrong.sum().double()])
        self.count += len(iou)

    def compute(self) -> dict[str, Tensor]:
        """The metrics by name."""
        values = (self.sums / self.count.clamp(min=1)).float()
        return dict(zip(("iou", "iou_50", "top1_error"), values.unbind(), strict=True))


def normalized_distances(
    predicted: Float[Tensor, "b k 2"], points: Float[Tensor, "b k 2"], size: Float[Tensor, " b"]
) -> Float[Tensor, "b k"]:
    """Distance of each point, divided by the size of the object."""
    return (predicted - points).norm(dim=2) / size[:, None]
