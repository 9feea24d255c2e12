"""Triplet mining: selects (anchor, positive, negative) rows of a batch.

Anchor and positive are two different rows of one identity; the negative is a row of another identity.
Miners take the distances of a batch, without gradient, and return row indices. A batch without a valid triplet
gives empty indices.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

# Elements of the largest temporary (pairs × batch): 64 MiB of float32 for any batch size.
CHUNK_ELEMENTS = 2**24


class Triplets(NamedTuple):
    """Row indices of each triplet."""

    anchors: Int[Tensor, " t"]
    positives: Int[Tensor, " t"]
    negatives: Int[Tensor, " t"]


def same_identity(identities: Int[Tensor, " n"]) -> Bool[Tensor, "n n"]:
    """Returns whether each pair of rows has the same identity."""
    return identities[:, None] == identities[None, :]


def positive_pairs(identities: Int[Tensor, " n"]) -> Int[Tensor, "pairs 2"]:
    """Returns all (anchor, positive) pairs of rows, in both orders, sorted by anchor."""
    return same_identity(identities).fill_diagonal_(False).nonzero()


def batch_hard_triplets(distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"]) -> Triplets:
    """Selects the farthest positive and the closest negative of each anchor.

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
    """Selects, for each (anchor, positive) pair, the closest negative beyond the positive but inside the margin.

    FaceNet (Schroff et al. 2015, arXiv:1503.03832), section 3.2. `hardness` lowers the minimum distance of a
    negative to (1 − hardness)·d(anchor, positive): 0 is semi-hard, 1 the closest of all. Pairs without such a
    negative give no triplet.
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
    kept = torch.cat(found).nonzero().squeeze(1)
    return Triplets(pairs[kept, 0], pairs[kept, 1], torch.cat(negatives)[kept])


class ActiveTriplets(NamedTuple):
    """All triplets that violate the margin, as one weight for each distance.

    `(weights * distances).sum() + margin * active` equals the hinge summed over all triplets, and so does its
    gradient. `active` counts the violating triplets, `total` all valid ones.
    """

    weights: Float[Tensor, "n n"]
    active: Int[Tensor, ""]
    total: Int[Tensor, ""]


def active_triplets(distances: Float[Tensor, "n n"], identities: Int[Tensor, " n"], margin: float) -> ActiveTriplets:
    """Computes the coefficient of each distance in the sum over violating triplets, in O(n²) memory."""
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
    """Splits pairs into chunks whose chunk × n matrix has at most `CHUNK_ELEMENTS` elements."""
    chunks = pairs.split(max(1, CHUNK_ELEMENTS // max(1, n))) if len(pairs) else ()
    return [(chunk[:, 0], chunk[:, 1]) for chunk in chunks]
