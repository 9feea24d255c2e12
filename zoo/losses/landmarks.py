"""The loss of a presence flag with points."""

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F


class LandmarkLoss(nn.Module):
    """Cross-entropy of the presence; of images with an object also the L1 of its points and the class.

    Without an object, only the presence counts.
    """

    def __init__(self, *, presence_weight: float, point_weight: float, class_weight: float) -> None:
        super().__init__()
        self.presence_weight = presence_weight
        self.point_weight = point_weight
        self.class_weight = class_weight

    def forward(
        self,
        output: Float[Tensor, "b values"],
        present: Bool[Tensor, " b"],
        points: Float[Tensor, "b k 2"],
        labels: Int[Tensor, " b"],
    ) -> Float[Tensor, ""]:
        """The weighted sum; `points` are fractions of the image."""
        output = output.float()
        count = points.shape[1]
        presence = F.binary_cross_entropy_with_logits(output[:, 0], present.float())
        there = output[present]
        found = there[:, 1 : 1 + 2 * count].reshape(-1, count, 2)
        far = (found - points[present]).abs().sum() / max(found.numel(), 1)
        classes = F.cross_entropy(there[:, 1 + 2 * count :], labels[present], reduction="sum") / max(len(there), 1)
        return self.presence_weight * presence + self.point_weight * far + self.class_weight * classes
