"""The metrics of style transfer, and the costs of images that no network made."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import MetricCollection

from zoo.losses.perceptual import Costs, Grams, PerceptualLoss
from zoo.metrics.mean import MeanLoss

NAMES = ("cost", "content_cost", "style_cost", "variation_cost")


def cost_metrics() -> MetricCollection:
    """The mean of each weighted cost, and of their sum."""
    return MetricCollection({name: MeanLoss() for name in NAMES}, compute_groups=False)


def values_of(costs: Costs) -> dict[str, Tensor]:
    """The costs by the names of their metrics."""
    return dict(zip(NAMES, (costs.total, *costs), strict=True))


@torch.no_grad()
def measure(
    loss: PerceptualLoss,
    picture: Float[Tensor, "b 3 h w"],
    content: Float[Tensor, "b 3 h w"],
    style: Grams | None = None,
) -> dict[str, float]:
    """The costs of an image as the transfer of a content to a style, by default that of the loss."""
    device = loss.scales.device
    costs = loss(picture.to(device), loss.content(content.to(device)), style)
    return {name: float(value) for name, value in values_of(costs).items()}
