"""The base class of losses over a batch of embeddings."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.ops.distances import pairwise_squared_distances


class BatchLoss(NamedTuple):
    """The loss of a batch, and the numbers of active and of all triplets (or pairs).

    `value` has a graph even if the batch contains no valid triplet.
    """

    value: Float[Tensor, ""]
    active: Int[Tensor, ""]
    total: Int[Tensor, ""]


class EmbeddingLoss(nn.Module, ABC):
    """A loss over the embeddings of a batch, and its distance function."""

    euclidean: ClassVar[bool] = True
    """Whether `distances` are squared Euclidean distances, for which search has a faster form."""
    collapsed_value: float | None = None
    """The loss of an embedding that maps all images to one point; None if it is not a constant."""

    @abstractmethod
    def forward(
        self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float = 0.0
    ) -> BatchLoss:
        """Computes the loss of a batch; `progress` is the completed fraction of training, in [0, 1]."""

    def distances(self, a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
        """Computes the distance of every row of `a` to every row of `b`."""
        return pairwise_squared_distances(a, b)

    def use_easier_negatives(self) -> None:
        """Switches to easier negatives after a collapse; has no effect on a loss without a miner."""
