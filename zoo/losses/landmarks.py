"""The losses of landmark detection: presence, points and class, and the shape of heat maps."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.ops.heatmaps import HeatmapOutput, jensen_shannon, vector

_IGNORED = -100


class LandmarkLoss(nn.Module):
    """Weighted sum of the cross-entropy of presence, the L1 loss of points and the cross-entropy of the class.

    Images without an object contribute to the presence term only, and points that are not visible to none.
    """

    def __init__(self, *, presence_weight: float, point_weight: float, classification_weight: float) -> None:
        super().__init__()
        self.presence_weight = presence_weight
        self.point_weight = point_weight
        self.classification_weight = classification_weight

    def forward(
        self,
        output: Tensor | HeatmapOutput,
        present: Bool[Tensor, " b"],
        points: Float[Tensor, "b k 2"],
        visible: Bool[Tensor, "b k"],
        labels: Int[Tensor, " b"],
    ) -> Float[Tensor, ""]:
        """Returns the weighted sum; `points` are fractions of the image."""
        values = vector(output)
        count = points.shape[1]
        presence = F.binary_cross_entropy_with_logits(values[:, 0], present.float())
        # Masked, since a selection of rows has a size for which a GPU waits.
        shown = visible & present[:, None]
        l1 = masked_mean((values[:, 1 : 1 + 2 * count].reshape(-1, count, 2) - points).abs().mean(2), shown)
        known = labels.masked_fill(~present, _IGNORED)
        classes = F.cross_entropy(values[:, 1 + 2 * count :], known, ignore_index=_IGNORED, reduction="sum")
        classes = classes / present.sum().clamp(min=1)
        return self.presence_weight * presence + self.point_weight * l1 + self.classification_weight * classes


class HeatmapLoss(LandmarkLoss):
    """The sum of `LandmarkLoss` with the divergence of each heat map from a Gaussian around its point.

    Nibali et al. 2018 (arXiv:1801.07372), section 4.2: the Jensen–Shannon divergence, with a standard deviation of
    `sigma` cells. The divergence makes a map compact, so that its mean is its peak.

    Raises:
        ZooError: a `sigma` that is not positive.
    """

    def __init__(
        self,
        *,
        presence_weight: float,
        point_weight: float,
        classification_weight: float,
        heatmap_weight: float,
        sigma: float,
    ) -> None:
        super().__init__(
            presence_weight=presence_weight, point_weight=point_weight, classification_weight=classification_weight
        )
        if sigma <= 0:
            raise ZooError(f"`sigma` (={sigma}) must be positive")
        self.heatmap_weight = heatmap_weight
        self.sigma = sigma

    def forward(
        self,
        output: Tensor | HeatmapOutput,
        present: Bool[Tensor, " b"],
        points: Float[Tensor, "b k 2"],
        visible: Bool[Tensor, "b k"],
        labels: Int[Tensor, " b"],
    ) -> Float[Tensor, ""]:
        """Returns the weighted sum; `points` are fractions of the image.

        Raises:
            ZooError: the network has no heat maps.
        """
        if not isinstance(output, HeatmapOutput):
            raise ZooError("HeatmapLoss needs heat maps: take zoo.networks.landmarks.HeatmapNetwork, or LandmarkLoss")
        divergence = masked_mean(jensen_shannon(output.heatmaps, points, sigma=self.sigma), visible & present[:, None])
        return super().forward(output, present, points, visible, labels) + self.heatmap_weight * divergence


def masked_mean(values: Float[Tensor, "b k"], mask: Bool[Tensor, "b k"]) -> Float[Tensor, ""]:
    """The mean over the mask; 0 over an empty one."""
    return torch.where(mask, values, 0.0).sum() / mask.sum().clamp(min=1)
