"""What every loss over a batch of embeddings returns."""

from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor


class EmbeddingLoss(NamedTuple):
    """The loss of a batch, and how many of its triplets (or pairs) still have something to learn.

    `value` carries the graph even when the batch held no valid triplet.
    """

    value: Float[Tensor, ""]
    active: Int[Tensor, ""]
    total: Int[Tensor, ""]
