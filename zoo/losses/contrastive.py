"""Losses over pairs of a batch: contrastive, and verification as binary classification."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.losses.embedding_loss import EmbeddingLoss
from zoo.ops.distances import pairwise_squared_distances, safe_sqrt
from zoo.ops.triplets import same_identity

BLOCK = 2**24  # differences held at a time, 64 MiB: those of a whole test set would take gigabytes


class ContrastiveLoss(nn.Module):
    """Pulls pairs of one identity together and pushes the others `margin` apart.

    d² for the same identity, max(margin - d, 0)² for different ones, over all pairs of the batch; the two
    kinds weigh the same. Dimensionality Reduction by Learning an Invariant Mapping (Hadsell, Chopra and
    LeCun 2006).
    """

    def __init__(self, *, margin: float) -> None:
        super().__init__()
        if not margin > 0:
            raise ZooError(f"`margin` (={margin}) must be positive")
        self.margin = margin

    def forward(
        self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float = 0.0
    ) -> EmbeddingLoss:
        """Loss of a batch; `progress` has no influence."""
        squared = pairwise_squared_distances(embeddings, embeddings)
        apart = (self.margin - safe_sqrt(squared)).clamp_min(0).square()
        return balanced(squared, apart, identities)


class VerificationLoss(nn.Module):
    """Verification as binary classification: a logistic unit over |f(x1) - f(x2)|.

    p(same) = sigmoid(b - sum_k w_k |f_k(x1) - f_k(x2)|), cross-entropy over all pairs of the batch, both
    kinds weighing the same. Siamese Neural Networks for One-shot Image Recognition (Koch et al. 2015).
    Distances of the task are then -logit, see `distances`.
    """

    def __init__(self, *, size: int) -> None:
        super().__init__()
        # On the unit sphere coordinates differ by about 1/sqrt(size), so the start is a distance of about
        # one.
        self.weight = nn.Parameter(torch.full((size,), 2 * size**-0.5))
        self.bias = nn.Parameter(torch.ones(()))

    def forward(
        self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float = 0.0
    ) -> EmbeddingLoss:
        """Loss of a batch; `progress` has no influence."""
        logits = -self.distances(embeddings, embeddings)
        return balanced(F.softplus(-logits), F.softplus(logits), identities)

    def distances(self, a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
        """Minus the logit of being the same: below zero where the unit says so."""
        a, b, weight = a.float(), b.float(), self.weight.float()
        parts = a.split(max(1, BLOCK // max(1, b.numel())))
        # Half precision loses every digit of a small distance, so autocast must not reach the product.
        with torch.autocast(device_type=a.device.type, enabled=False):
            return torch.cat([(part[:, None] - b).abs() @ weight for part in parts]) - self.bias


def balanced(
    together: Float[Tensor, "n n"], apart: Float[Tensor, "n n"], identities: Int[Tensor, " n"]
) -> EmbeddingLoss:
    """The mean of `together` over pairs of one identity and that of `apart` over the others, averaged."""
    different = ~same_identity(identities)
    same = ~different & ~torch.eye(len(identities), dtype=torch.bool, device=identities.device)
    value = (together * same).sum() / same.sum().clamp_min(1) + (apart * different).sum() / different.sum().clamp_min(1)
    # Each pair is counted in both orders.
    active = ((together * same > 0) | (apart * different > 0)).sum() // 2
    return EmbeddingLoss(value / 2, active, (same | different).sum() // 2)
