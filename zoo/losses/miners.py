"""Miners: select the triplets of a batch for the triplet loss."""

from abc import ABC, abstractmethod
from typing import ClassVar

from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.ops.triplets import Triplets, batch_hard_triplets, semi_hard_triplets


class Miner(nn.Module, ABC):
    """Selects triplets from the distances within a batch."""

    ranks_only: ClassVar[bool] = False
    """Whether only the order of distances matters, so that a loss of plain distances may pass squared ones."""

    @abstractmethod
    def forward(
        self, distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], *, margin: float, progress: float
    ) -> Triplets:
        """Returns the row indices of each triplet.

        `distances` have the unit of `margin`, except for `ranks_only`. `progress` is the completed fraction of
        training, in [0, 1].
        """


class SemiHard(Miner):
    """Semi-hard mining: for each positive pair, the closest negative beyond the positive but within the margin.

    FaceNet (Schroff et al. 2015, arXiv:1503.03832), section 3.2.
    """

    def forward(
        self, distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], *, margin: float, progress: float
    ) -> Triplets:
        """Returns semi-hard triplets; `progress` has no effect."""
        return semi_hard_triplets(distances, identities, margin)


class BatchHard(Miner):
    """Batch-hard mining: for each anchor, its farthest positive and its closest negative.

    In Defense of the Triplet Loss for Person Re-Identification (Hermans et al. 2017, arXiv:1703.07737). Used from the
    first step, it can collapse the embedding.
    """

    ranks_only = True

    def forward(
        self, distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], *, margin: float, progress: float
    ) -> Triplets:
        """Returns the hardest triplet of each anchor; `progress` and `margin` have no effect."""
        return batch_hard_triplets(distances, identities)


class Curriculum(Miner):
    """Curriculum mining: semi-hard negatives up to the fraction `hard_from` of training, then increasingly hard ones.

    At the last step the negatives are the hardest. Hard negatives from the first step can collapse the embedding.

    Raises:
        ZooError: `hard_from` outside [0, 1).
    """

    def __init__(self, *, hard_from: float = 0.5) -> None:
        super().__init__()
        if not 0 <= hard_from < 1:
            raise ZooError(f"`hard_from` (={hard_from}) must be a fraction of the training in [0, 1)")
        self.hard_from = hard_from

    def hardness(self, progress: float) -> float:
        """Returns the hardness of the negatives, from 0 (semi-hard) to 1 (the closest of the batch)."""
        return min(1.0, max(0.0, (progress - self.hard_from) / (1 - self.hard_from)))

    def forward(
        self, distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], *, margin: float, progress: float
    ) -> Triplets:
        """Returns triplets with negatives of the hardness at `progress`."""
        return semi_hard_triplets(distances, identities, margin, self.hardness(progress))
