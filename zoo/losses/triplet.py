"""The triplet loss of FaceNet."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zoo.errors import ZooError
from zoo.losses.embedding_loss import BatchLoss, EmbeddingLoss
from zoo.losses.miners import Miner, SemiHard
from zoo.ops.distances import pairwise_squared_distances, safe_sqrt, squared_distances
from zoo.ops.triplets import Triplets, active_triplets

AVERAGE = ("active", "mined")


def triplet_loss(
    anchors: Float[Tensor, "t d"],
    positives: Float[Tensor, "t d"],
    negatives: Float[Tensor, "t d"],
    *,
    margin: float,
    squared: bool = True,
) -> Float[Tensor, " t"]:
    """Computes max(|a − p|² − |a − n|² + margin, 0) for each triplet; plain distances with `squared=False`."""
    positive, negative = squared_distances(anchors, positives), squared_distances(anchors, negatives)
    if not squared:
        positive, negative = safe_sqrt(positive), safe_sqrt(negative)
    return (positive - negative + margin).clamp_min(0)


class TripletLoss(EmbeddingLoss):
    """Triplet loss over the triplets that `miner` selects from a batch, or without a miner over all valid ones.

    FaceNet (Schroff et al. 2015, arXiv:1503.03832). `average` selects the divisor of the sum: the number of `active`
    triplets, which violate the margin, or of all `mined` ones. The mean over `mined` vanishes when few are active.

    Raises:
        ZooError: `margin` is not positive, or `average` is unknown.
    """

    def __init__(self, *, margin: float, miner: Miner | None, average: str = "active", squared: bool = True) -> None:
        super().__init__()
        if not margin > 0:
            raise ZooError(f"`margin` (={margin}) must be positive")
        if average not in AVERAGE:
            raise ZooError(f"`average` (={average}) must be one of {', '.join(AVERAGE)}")
        self.margin = margin
        self.miner = miner
        self.average = average
        self.squared = squared
        self.collapsed_value = margin

    def forward(
        self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float = 0.0
    ) -> BatchLoss:
        """Computes the loss of a batch; `progress` is the completed fraction of training, in [0, 1]."""
        if self.miner is None:
            return self._over_all(embeddings, identities)
        triplets = self.mine(self.miner, embeddings, identities, progress)
        values = triplet_loss(*(embeddings[rows] for rows in triplets), margin=self.margin, squared=self.squared)
        active = (values > 0).sum()
        divisor = active if self.average == "active" else torch.full_like(active, len(values))
        # The sum over no triplets is 0 with a graph, so that backward runs in every process.
        return BatchLoss(values.sum() / divisor.clamp_min(1), active, torch.full_like(active, len(values)))

    @torch.no_grad()
    def mine(
        self, miner: Miner, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float
    ) -> Triplets:
        """Selects the triplets of a batch; runs without a graph, which saves memory for large batches."""
        distances = pairwise_squared_distances(embeddings, embeddings)
        if not (self.squared or miner.ranks_only):
            distances = safe_sqrt(distances)
        triplets: Triplets = miner(distances, identities, margin=self.margin, progress=progress)
        return triplets

    def use_easier_negatives(self) -> None:
        """Switches to semi-hard negatives."""
        self.miner = SemiHard()

    def _over_all(self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"]) -> BatchLoss:
        distances = pairwise_squared_distances(embeddings, embeddings)
        if not self.squared:
            distances = safe_sqrt(distances)
        weights, active, total = active_triplets(distances.detach(), identities, self.margin)
        divisor = (active if self.average == "active" else total).clamp_min(1)
        return BatchLoss(((weights * distances).sum() + self.margin * active) / divisor, active, total)
