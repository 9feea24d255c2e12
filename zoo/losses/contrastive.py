"""Losses over pairs of a batch: contrastive, and verification as binary classification."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.losses.embedding_loss import BatchLoss, EmbeddingLoss
from zoo.ops.distances import pairwise_squared_distances, safe_sqrt
from zoo.ops.triplets import same_identity

BLOCK = 2**24  # differences held at a time, 64 MiB: those of a full test set would take gigabytes


class ContrastiveLoss(EmbeddingLoss):
    """Contrastive loss: d² for pairs of one identity, max(margin - d, 0)² for the others, over all pairs of a batch.

    Both kinds of pairs have the same weight. Dimensionality Reduction by Learning an Invariant Mapping (Hadsell,
    Chopra and LeCun 2006).

    Raises:
        ZooError: the margin is not positive.
    """

    def __init__(self, *, margin: float) -> None:
        super().__init__()
        if not margin > 0:
            raise ZooError(f"`margin` (={margin}) must be positive")
        self.margin = margin

    def forward(
        self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float = 0.0
    ) -> BatchLoss:
        """Loss of a batch, the same at every `progress`."""
        squared = pairwise_squared_distances(embeddings, embeddings)
        apart = (self.margin - safe_sqrt(squared)).clamp_min(0).square()
        return balanced(squared, apart, identities)


class VerificationLoss(EmbeddingLoss):
    """Verification as binary classification: a logistic unit over |f(x1) - f(x2)|.

    p(same) = sigmoid(b - sum_k w_k |f_k(x1) - f_k(x2)|), with the cross-entropy over all pairs of a batch, in which
    both kinds of pairs have the same weight. Siamese Neural Networks for One-shot Image Recognition (Koch et al. 2015).
    """

    euclidean = False

    def __init__(self, *, size: int) -> None:
        super().__init__()
        # Coordinates on the unit sphere differ by about 1/sqrt(size), so the first distances are near 1.
        self.weight = nn.Parameter(torch.full((size,), 2 * size**-0.5))
        self.bias = nn.Parameter(torch.ones(()))

    def forward(
        self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float = 0.0
    ) -> BatchLoss:
        """Loss of a batch, the same at every `progress`."""
        logits = -self.distances(embeddings, embeddings)
        return balanced(F.softplus(-logits), F.softplus(logits), identities)

    def distances(self, a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
        """Minus the logit of "the same": below zero where the unit accepts a pair."""
        a, b, weight = a.float(), b.float(), self.weight.float()
        blocks = a.split(max(1, BLOCK // max(1, b.numel())))
        # No autocast: half precision loses every digit of a small distance.
        with torch.autocast(device_type=a.device.type, enabled=False):
            return torch.cat([(block[:, None] - b).abs() @ weight for block in blocks]) - self.bias


def balanced(
    same_cost: Float[Tensor, "n n"], different_cost: Float[Tensor, "n n"], identities: Int[Tensor, " n"]
) -> BatchLoss:
    """Averages the mean of `same_cost` over pairs of one identity and that of `different_cost` over the others.

    A pair is active if its cost is positive.
    """
    different = ~same_identity(identities)
    same = ~different & ~torch.eye(len(identities), dtype=torch.bool, device=identities.device)
    of_same = (same_cost * same).sum() / same.sum().clamp_min(1)
    of_different = (different_cost * different).sum() / different.sum().clamp_min(1)
    active = (same & (same_cost > 0)) | (different & (different_cost > 0))
    # Each pair stands in the matrices twice, once in each order.
    return BatchLoss((of_same + of_different) / 2, active.sum() // 2, (same | different).sum() // 2)
