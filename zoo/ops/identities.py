"""How identities are numbered."""

import torch
from jaxtyping import Int
from torch import Tensor

PER_GROUP = 1_000_000
"""Identity g · PER_GROUP + i is number i of group g. Only identities of one group are compared with each other."""


def groups_of(identities: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """The group of each row; data without groups has only group 0."""
    return identities // PER_GROUP


def rows_within(identities: Int[Tensor, " n"], limit: int, *, least: int) -> Int[Tensor, " kept"]:
    """At most `limit` rows, ascending; samples identities so that each has at least `least` rows (or all).

    The first `limit` rows could hold one row of each identity, where rows cycle through many identities.
    """
    index, counts = identities.unique(return_inverse=True, return_counts=True)[1:]
    order = torch.randperm(len(counts), generator=torch.Generator().manual_seed(0)).to(identities.device)
    kept = order[counts[order].clamp_max(least).cumsum(0) <= limit]
    return torch.isin(index, kept).nonzero().squeeze(1)[:limit]
