"""The loss of landmark detection: presence, points and class."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

_IGNORED = -100


class LandmarkLoss(nn.Module):
    """Weighted sum of the cross-entropy of presence, the L1 loss of points and the cross-entropy of the class.

    Images without an object contribute to the presence term only.
    """

    def __init__(self, *, presence_weight: float, point_weight: float, classification_weight: float) -> None:
        super().__init__()
        self.presence_weight = presence_weight
        self.point_weight = point_weight
        self.classification_weight = classification_weight

    def forward(
        self,
        output: Float[Tensor, "b values"],
        present: Bool[Tensor, " b"],
        points: Float[Tensor, "b k 2"],
        labels: Int[Tensor, " b"],
    ) -> Float[Tensor, ""]:
        """Returns the weighted sum; `points` are fractions of the image."""
        output = output.float()
        count = points.shape[1]
        presence = F.binary_cross_entropy_with_logits(output[:, 0], present.float())
        # Masked, since a selection of rows has a size for which a GPU waits.
        objects = present.sum().clamp(min=1)
        apart = (output[:, 1 : 1 + 2 * count].reshape(-1, count, 2) - points).abs()
        l1 = torch.where(present[:, None, None], apart, 0.0).sum() / (objects * 2 * count)
        known = labels.masked_fill(~present, _IGNORED)
        classes = F.cross_entropy(output[:, 1 + 2 * count :], known, ignore_index=_IGNORED, reduction="sum") / objects
        return self.presence_weight * presence + self.point_weight * l1 + self.classification_weight * classes
