"""The base of losses over a batch of embeddings."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.ops.distances import pairwise_squared_distances


class BatchLoss(NamedTuple):
    """The loss of a batch, and how many of its triplets (or pairs) still contribute to it.

    `value` carries the graph even when the batch holds no valid triplet.
    """

    value: Float[Tensor, ""]
    active: Int[Tensor, ""]
    total: Int[Tensor, ""]


class EmbeddingLoss(nn.Module, ABC):
    """A loss over the embeddings of a batch, with the distance that it trains."""

    euclidean: ClassVar[bool] = True
    """Whether `distances` are squared Euclidean distances, for which a search has a faster form."""
    collapsed_value: float | None = None
    """The loss of an embedding that sends every image to one point, where that is a fixed number."""

    @abstractmethod
    def forward(
        self, embeddings: Float[Tensor, "n d"], identities: Int[Tensor, " n"], progress: float = 0.0
    ) -> BatchLoss:
        """Loss of a batch; `progress` is the fraction of training that is over, in [0, 1]."""

    def distances(self, a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
        """Distance of every row of `a` to every row of `b`."""
        return pairwise_squared_distances(a, b)

    def mine_gently(self) -> None:
        """Uses easier negatives from now on, after a collapse; a loss without a miner stays as it is."""
