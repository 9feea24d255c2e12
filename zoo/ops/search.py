"""Exact nearest-neighbor search over unit vectors."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zoo.ops.distances import squared_distances

BLOCK = 2**24  # products in memory at a time, for any number of vectors and probes


class Nearest(NamedTuple):
    """The nearest rows of each probe and their squared distances, nearest first."""

    rows: Int[Tensor, "probes k"]
    distances: Float[Tensor, "probes k"]


def nearest(probes: Float[Tensor, "p d"], vectors: Float[Tensor, "n d"], k: int) -> Nearest:
    """Finds the `k` nearest unit vectors of each probe by squared Euclidean distance.

    On the unit sphere |a − b|² = 2 − 2ab, so that products rank the vectors in one pass.
    """
    k = min(k, len(vectors))
    best = probes.new_full((len(probes), 0), 0)
    rows = torch.zeros(len(probes), 0, dtype=torch.long, device=probes.device)
    block = max(BLOCK // max(len(probes), 1), k, 1)
    for start in range(0, len(vectors), block):
        products = probes @ vectors[start : start + block].T
        found = products.topk(min(k, products.shape[1]), dim=1)
        best = torch.cat([best, found.values], dim=1)
        rows = torch.cat([rows, found.indices + start], dim=1)
        kept = best.topk(min(k, best.shape[1]), dim=1)
        best, rows = kept.values, rows.gather(1, kept.indices)
    flat = squared_distances(probes.repeat_interleave(k, dim=0), vectors[rows.flatten()])
    return Nearest(rows, flat.view(len(probes), k))
