"""Identity numbers: groups, and subsampling by identity."""

import torch
from jaxtyping import Int
from torch import Tensor

PER_GROUP = 1_000_000
"""Identity g · PER_GROUP + i is number i of group g. Pairs are compared within a group only."""


def groups_of(identities: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """Returns the group of each row; 0 for data without groups."""
    return identities // PER_GROUP


def rows_within(identities: Int[Tensor, " n"], limit: int, *, least: int) -> Int[Tensor, " kept"]:
    """Returns at most `limit` rows in ascending order, sampled by identity: each keeps at least `least` rows (or all).

    The first `limit` rows are not enough: where rows cycle through many identities, each might occur once.
    """
    index, counts = identities.unique(return_inverse=True, return_counts=True)[1:]
    order = torch.randperm(len(counts), generator=torch.Generator().manual_seed(0)).to(identities.device)
    kept = order[counts[order].clamp_max(least).cumsum(0) <= limit]
    return torch.isin(index, kept).nonzero().squeeze(1)[:limit]
