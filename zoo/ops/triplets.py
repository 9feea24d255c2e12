"""Triplet mining: which (anchor, positive, negative) rows of a batch to learn from.

An anchor and its positive are two different rows of one identity; a negative is a row of another identity.
Mining needs no gradient: the miners take the batch's distances and return row numbers. A batch without a
valid triplet gives none.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

# Elements of the largest temporary (pairs x batch): 64 MiB of float32 whatever the batch.
CHUNK_ELEMENTS = 2**24


class Triplets(NamedTuple):
    """Row numbers of each triplet."""

    anchors: Int[Tensor, " t"]
    positives: Int[Tensor, " t"]
    negatives: Int[Tensor, " t"]


def same_identity(identities: Int[Tensor, " n"]) -> Bool[Tensor, "n n"]:
    """Whether two rows are of one identity."""
    return identities[:, None] == identities[None, :]


def positive_pairs(identities: Int[Tensor, " n"]) -> Int[Tensor, "pairs 2"]:
    """All (anchor, positive) row pairs, both orders, sorted by anchor."""
    return same_identity(identities).fill_diagonal_(False).nonzero()


def batch_hard_triplets(distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"]) -> Triplets:
    """For each anchor its farthest positive and its closest negative.

    In Defense of the Triplet Loss for Person Re-Identification (Hermans et al. 2017, arXiv:1703.07737).
    """
    if not len(identities):
        return Triplets(identities, identities, identities)
    same = same_identity(identities)
    closest, negatives = distances.masked_fill(same, torch.inf).min(dim=1)
    farthest, positives = distances.masked_fill(~same.fill_diagonal_(False), -torch.inf).max(dim=1)
    anchors = ((closest < torch.inf) & (farthest > -torch.inf)).nonzero().squeeze(1)
    return Triplets(anchors, positives[anchors], negatives[anchors])


def semi_hard_triplets(
    distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], margin: float, hardness: float = 0.0
) -> Triplets:
    """For each (anchor, positive) pair the closest negative beyond the positive, but inside the margin.

    FaceNet (Schroff et al. 2015, arXiv:1503.03832), section 3.2. `hardness` leads from there to hard
    negatives: a negative is taken from distance (1 - hardness)·d(anchor, positive) upwards, so that at 1
    the closest of all is taken. Pairs with no such negative give no triplet.
    """
    pairs = positive_pairs(identities)
    negatives, found = [], []
    for anchors, positives in _chunks(pairs, len(identities)):
        rows, limit = distances[anchors], distances[anchors, positives, None]
        other = identities[anchors, None] != identities[None, :]
        allowed = other & (rows < limit + margin)
        if hardness < 1:
            allowed &= rows > (1 - hardness) * limit
        closest, index = rows.masked_fill(~allowed, torch.inf).min(dim=1)
        negatives.append(index)
        found.append(closest < torch.inf)
    if not found:
        return Triplets(pairs[:, 0], pairs[:, 1], pairs[:, 0])
    kept = torch.cat(found)
    return Triplets(pairs[kept, 0], pairs[kept, 1], torch.cat(negatives)[kept])


class ActiveTriplets(NamedTuple):
    """All triplets that violate the margin, as what each distance counts for.

    The sum of the hinge over all triplets is `(weights * distances).sum() + margin * active`, and so is its
    gradient.
    """

    weights: Float[Tensor, "n n"]
    active: Int[Tensor, ""]
    total: Int[Tensor, ""]


def active_triplets(distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], margin: float) -> ActiveTriplets:
    """Weigh each distance by its part in all violating triplets, in memory n x n instead of n x n x K."""
    weights = torch.zeros_like(distances)
    active = torch.zeros((), dtype=torch.long, device=distances.device)
    total = torch.zeros_like(active)
    for anchors, positives in _chunks(positive_pairs(identities), len(identities)):
        other = identities[anchors, None] != identities[None, :]
        violating = other & (distances[anchors] < distances[anchors, positives, None] + margin)
        weights[anchors, positives] = violating.sum(dim=1).to(weights.dtype)
        weights.index_add_(0, anchors, violating.to(weights.dtype), alpha=-1)
        active += violating.sum()
        total += other.sum()
    return ActiveTriplets(weights, active, total)


def _chunks(pairs: Int[Tensor, "pairs 2"], n: int) -> list[tuple[Tensor, Tensor]]:
    """The pairs in parts small enough for a part x n matrix."""
    parts = pairs.split(max(1, CHUNK_ELEMENTS // max(1, n))) if len(pairs) else ()
    return [(part[:, 0], part[:, 1]) for part in parts]
