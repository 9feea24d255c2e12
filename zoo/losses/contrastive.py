"""Losses over pairs of a batch: contrastive, and verification as binary classification."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.losses.embedding_loss import BatchLoss, EmbeddingLoss
from zoo.ops.distances import pairwise_squared_distances, safe_sqrt
from zoo.ops.triplets import same_identity

BLOCK = 2**24  # differences in memory at a time, 64 MiB; those of a full test set would take gigabytes


class ContrastiveLoss(EmbeddingLoss):
    """Contrastive loss over all pairs of a batch: d² for positive pairs, max(margin − d, 0)² for negative pairs.

    Positive and negative pairs have equal total weight. Dimensionality Reduction by Learning an Invariant Mapping
    (Hadsell, Chopra and LeCun 2006).

    Raises:
        ZooError: `margin` is not positive.
    """

    def __init__(self, *, margin: float) -> None:
        super().__init__()
        if not margin > 0:
            raise ZooError(f"`margin` (={margin}) must be positive")
        self.margin = margin

    def forward(
        self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float = 0.0
    ) -> BatchLoss:
        """Computes the loss of a batch; `progress` has no effect."""
        squared = pairwise_squared_distances(embeddings, embeddings)
        negative_cost = (self.margin - safe_sqrt(squared)).clamp_min(0).square()
        return balanced(squared, negative_cost, identities)


class VerificationLoss(EmbeddingLoss):
    """Verification as binary classification: a logistic unit over |f(x1) - f(x2)|.

    p(same) = sigmoid(b − Σₖ wₖ |fₖ(x1) − fₖ(x2)|). The loss is the cross-entropy over all pairs of a batch, with
    equal total weight of positive and negative pairs. Siamese Neural Networks for One-shot Image Recognition (Koch et
    al. 2015).
    """

    euclidean = False

    def __init__(self, *, size: int) -> None:
        super().__init__()
        # Coordinates on the unit sphere differ by about 1/sqrt(size), so the initial distances are near 1.
        self.weight = nn.Parameter(torch.full((size,), 2 * size**-0.5))
        self.bias = nn.Parameter(torch.ones(()))

    def forward(
        self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float = 0.0
    ) -> BatchLoss:
        """Computes the loss of a batch; `progress` has no effect."""
        logits = -self.distances(embeddings, embeddings)
        return balanced(F.softplus(-logits), F.softplus(logits), identities)

    def distances(self, a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
        """Computes the negative logit of "same identity"; a pair below 0 is accepted."""
        a, b, weight = a.float(), b.float(), self.weight.float()
        blocks = a.split(max(1, BLOCK // max(1, b.numel())))
        # Autocast is off: half precision loses every digit of a small distance.
        with torch.autocast(device_type=a.device.type, enabled=False):
            return torch.cat([(block[:, None] - b).abs() @ weight for block in blocks]) - self.bias


def balanced(
    positive_cost: Float[Tensor, "n n"], negative_cost: Float[Tensor, "n n"], identities: Int[Tensor, " n"]
) -> BatchLoss:
    """Averages the mean of `positive_cost` over positive pairs and that of `negative_cost` over negative pairs.

    A pair is active if its cost is positive.
    """
    negative = ~same_identity(identities)
    positive = ~negative & ~torch.eye(len(identities), dtype=torch.bool, device=identities.device)
    positive_mean = (positive_cost * positive).sum() / positive.sum().clamp_min(1)
    negative_mean = (negative_cost * negative).sum() / negative.sum().clamp_min(1)
    active = (positive & (positive_cost > 0)) | (negative & (negative_cost > 0))
    # The matrices contain each pair twice, once in each order.
    return BatchLoss((positive_mean + negative_mean) / 2, active.sum() // 2, (positive | negative).sum() // 2)
