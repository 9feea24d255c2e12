"""The triplet loss of FaceNet with its miners."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.losses.embedding_loss import EmbeddingLoss
from zoo.ops.distances import pairwise_squared_distances, safe_sqrt, squared_distances
from zoo.ops.triplets import Triplets, active_triplets, batch_hard_triplets, semi_hard_triplets

MINING = ("all", "semi_hard", "batch_hard", "curriculum")
AVERAGE = ("active", "mined")


def triplet_loss(
    anchors: Float[Tensor, "t d"],
    positives: Float[Tensor, "t d"],
    negatives: Float[Tensor, "t d"],
    *,
    margin: float,
    squared: bool = True,
) -> Float[Tensor, " t"]:
    """max(|a - p|^2 - |a - n|^2 + margin, 0) of each triplet; plain distances where not `squared`."""
    closer, farther = squared_distances(anchors, positives), squared_distances(anchors, negatives)
    if not squared:
        closer, farther = safe_sqrt(closer), safe_sqrt(farther)
    return (closer - farther + margin).clamp_min(0)


class TripletLoss(nn.Module):
    """Triplet loss over the triplets mined in a batch.

    FaceNet (Schroff et al. 2015, arXiv:1503.03832). `curriculum` mines semi-hard negatives until
    `hard_from` of the training is over and then ever harder ones, until the last step takes the hardest:
    hard negatives from the first step on let the embedding collapse. The mean is over the triplets that
    violate the margin (`active`), as a mean over all of them vanishes when few do, or over all that were
    mined.

    Raises:
        ZooError: if the margin is not positive, or mining or average is unknown.
    """

    def __init__(
        self,
        *,
        margin: float,
        mining: str,
        hard_from: float = 0.5,
        average: str = "active",
        squared: bool = True,
    ) -> None:
        super().__init__()
        if not margin > 0:
            raise ZooError(f"`margin` (={margin}) must be positive")
        if mining not in MINING:
            raise ZooError(f"`mining` (={mining}) must be one of {', '.join(MINING)}")
        if average not in AVERAGE:
            raise ZooError(f"`average` (={average}) must be one of {', '.join(AVERAGE)}")
        if not 0 <= hard_from < 1:
            raise ZooError(f"`hard_from` (={hard_from}) must be a fraction of the training in [0, 1)")
        self.margin = margin
        self.mining = mining
        self.hard_from = hard_from
        self.average = average
        self.squared = squared

    def hardness(self, progress: float) -> float:
        """How hard the negatives of the curriculum are, from 0 (semi-hard) to 1 (hardest of the batch)."""
        return min(1.0, max(0.0, (progress - self.hard_from) / (1 - self.hard_from)))

    def forward(
        self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float = 0.0
    ) -> EmbeddingLoss:
        """Loss of a batch; `progress` is the part of the training that is over, in [0, 1]."""
        if self.mining == "all":
            return self._over_all(embeddings, identities)
        triplets = self.mine(embeddings, identities, progress)
        values = triplet_loss(*(embeddings[rows] for rows in triplets), margin=self.margin, squared=self.squared)
        active = (values > 0).sum()
        divisor = active if self.average == "active" else torch.full_like(active, len(values))
        # The sum of no triplet is a zero with a graph: the step then changes nothing and no rank waits.
        return EmbeddingLoss(values.sum() / divisor.clamp_min(1), active, torch.full_like(active, len(values)))

    @torch.no_grad()
    def mine(self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float) -> Triplets:
        """The triplets of a batch; without a graph here, a large batch stays small in memory."""
        if self.mining == "batch_hard":  # the farthest and the closest are the same in squares
            return batch_hard_triplets(pairwise_squared_distances(embeddings, embeddings), identities)
        distances = self.distances(embeddings)
        hardness = self.hardness(progress) if self.mining == "curriculum" else 0.0
        return semi_hard_triplets(distances, identities, self.margin, hardness)

    def distances(self, embeddings: Float[Tensor, "n d"]) -> Float[Tensor, "n n"]:
        """Distances within a batch in the form that the margin is measured in."""
        distances = pairwise_squared_distances(embeddings, embeddings)
        return distances if self.squared else safe_sqrt(distances)

    def _over_all(self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"]) -> EmbeddingLoss:
        distances = self.distances(embeddings)
        weights, active, total = active_triplets(distances.detach(), identities, self.margin)
        divisor = (active if self.average == "active" else total).clamp_min(1)
        return EmbeddingLoss(((weights * distances).sum() + self.margin * active) / divisor, active, total)
