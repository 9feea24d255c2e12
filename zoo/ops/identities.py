"""Identity numbers: groups, and subsampling by identity."""

import torch
from jaxtyping import Int
from torch import Tensor

PER_GROUP = 1_000_000
"""Identity g · PER_GROUP + i is number i of group g. Pairs are compared within a group only."""


def groups_of(identities: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """Returns the group of each row; 0 for data without groups."""
    return identities // PER_GROUP


def sample_rows(identities: Int[Tensor, " n"], limit: int, *, min_per_identity: int) -> Int[Tensor, " kept"]:
    """Samples identities and returns at most `limit` of their rows, ascending.

    Each sampled identity has at least `min_per_identity` rows, or all that it has. The first `limit` rows could hold
    one row of each identity, where rows cycle through many identities.
    """
    index, counts = identities.unique(return_inverse=True, return_counts=True)[1:]
    order = torch.randperm(len(counts), generator=torch.Generator().manual_seed(0)).to(identities.device)
    kept = order[counts[order].clamp_max(min_per_identity).cumsum(0) <= limit]
    return torch.isin(index, kept).nonzero().squeeze(1)[:limit]
