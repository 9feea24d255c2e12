"""Ranks of relevant items among candidates, and the measures of a ranking."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class UserRanks(NamedTuple):
    """The ranks of the relevant items of some users."""

    ranks: Float[Tensor, " p"]
    """From 1, the best."""
    users: Int[Tensor, " p"]
    """The user of each rank, from 0, in order."""
    candidates: Float[Tensor, " u"]
    """Number of ranked items of each user."""


def rank_relevant(
    scores: Float[Tensor, "u n"], excluded: Bool[Tensor, "u n"], relevant: Bool[Tensor, "u n"]
) -> UserRanks:
    """Ranks all items that are not `excluded` by their score, and returns the ranks of the relevant ones.

    Ties are ranked in the order of the items.
    """
    order = scores.masked_fill(excluded, -torch.inf).argsort(dim=1, descending=True, stable=True)
    ranks = torch.empty_like(order)
    ranks.scatter_(1, order, torch.arange(1, scores.shape[1] + 1, device=scores.device).expand_as(order))
    users, items = torch.nonzero(relevant & ~excluded, as_tuple=True)
    return UserRanks(ranks[users, items].double(), users, (~excluded).sum(1).double())


def ranking_measures(found: UserRanks, k: int) -> dict[str, Float[Tensor, " u"]]:
    """Precision, recall, NDCG and average precision at `k`, AUC and mean percentile rank of each user.

    Users without relevant items have NaN. The percentile rank is 0 for the first and 1 for the last candidate. Average
    precision at k is divided by the smaller of k and the number of relevant items.
    """
    users, size = found.users, len(found.candidates)

    def total(values: Tensor) -> Tensor:
        return torch.zeros(size, dtype=torch.float64, device=values.device).index_add_(0, users, values.double())

    # Ranks of one user in ascending order: by rank first, then stably by user.
    order = found.ranks.argsort()
    order = order[users[order].argsort(stable=True)]
    ranks, users = found.ranks[order], users[order]
    counts = total(torch.ones_like(ranks))
    place = torch.arange(1, len(ranks) + 1, device=ranks.device) - (counts.cumsum(0) - counts)[users]
    near = ranks <= k
    gains = 1 / torch.log2(torch.arange(2, k + 2, dtype=torch.float64, device=ranks.device))
    ideal = torch.cat([gains.new_zeros(1), gains.cumsum(0)])[counts.clamp(max=k).long()]
    none = torch.where(counts > 0, 0.0, torch.nan)
    others = found.candidates - counts
    return {
        f"precision_{k}": total(near) / k + none,
        f"recall_{k}": total(near) / counts,
        f"ndcg_{k}": total(near / torch.log2(ranks + 1)) / ideal,
        f"map_{k}": total(near * place / ranks) / counts.clamp(max=k),
        "auc": 1 - total(ranks - place) / (counts * others),
        "mpr": total(ranks - 1) / (counts * (found.candidates - 1)),
    }
