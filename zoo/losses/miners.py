"""Miners: which triplets of a batch the triplet loss learns from."""

from abc import ABC, abstractmethod
from typing import ClassVar

from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.ops.triplets import Triplets, batch_hard_triplets, semi_hard_triplets


class Miner(nn.Module, ABC):
    """Selects triplets from the distances within a batch."""

    ranks_only: ClassVar[bool] = False
    """Whether only the order of the distances counts, so that squared distances serve where the loss takes roots."""

    @abstractmethod
    def forward(
        self, distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], *, margin: float, progress: float
    ) -> Triplets:
        """The rows of each triplet.

        `distances` have the form that `margin` is measured in, unless `ranks_only`; `progress` is the fraction of
        training that is over.
        """


class SemiHard(Miner):
    """For each positive pair the closest negative that is farther than the positive, but within the margin.

    FaceNet (Schroff et al. 2015, arXiv:1503.03832), section 3.2.
    """

    def forward(
        self, distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], *, margin: float, progress: float
    ) -> Triplets:
        """The same at every `progress`."""
        return semi_hard_triplets(distances, identities, margin)


class BatchHard(Miner):
    """For each anchor its farthest positive and its closest negative.

    In Defense of the Triplet Loss for Person Re-Identification (Hermans et al. 2017, arXiv:1703.07737). From the first
    step on it can collapse the embedding.
    """

    ranks_only = True

    def forward(
        self, distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], *, margin: float, progress: float
    ) -> Triplets:
        """The same at every `progress` and `margin`."""
        return batch_hard_triplets(distances, identities)


class Curriculum(Miner):
    """Semi-hard negatives until `hard_from` of training is over, then harder ones, at the last step the hardest.

    Hard negatives from the first step on let the embedding collapse.

    Raises:
        ZooError: `hard_from` outside [0, 1).
    """

    def __init__(self, *, hard_from: float = 0.5) -> None:
        super().__init__()
        if not 0 <= hard_from < 1:
            raise ZooError(f"`hard_from` (={hard_from}) must be a fraction of the training in [0, 1)")
        self.hard_from = hard_from

    def hardness(self, progress: float) -> float:
        """How hard the negatives are, from 0 (semi-hard) to 1 (the closest of the batch)."""
        return min(1.0, max(0.0, (progress - self.hard_from) / (1 - self.hard_from)))

    def forward(
        self, distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], *, margin: float, progress: float
    ) -> Triplets:
        """Triplets with negatives of the hardness at `progress`."""
        return semi_hard_triplets(distances, identities, margin, self.hardness(progress))
