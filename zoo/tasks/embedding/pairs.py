"""Pairs of rows to compare, and how sure a figure over them is."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from zoo.tasks.embedding.verification import Roc, roc


class Pairs(NamedTuple):
    """Row numbers of each pair, and whether both rows are of one identity."""

    first: Int[Tensor, " n"]
    second: Int[Tensor, " n"]
    same: Bool[Tensor, " n"]


def all_pairs(identities: Int[Tensor, " n"], groups: Int[Tensor, " n"] | None, limit: int) -> Pairs:
    """Every pair of rows once, within a group where there are groups, sorted by group, first and second row.

    Of more than `limit` pairs of either kind an even, repeatable choice of `limit` is taken. The pairs are numbered
    and not listed, so that a large test set does not need memory for its square.
    """
    groups = torch.zeros_like(identities) if groups is None else groups
    people = torch.stack([groups, identities]).unique(dim=1, return_inverse=True)[1]
    order = people.argsort(stable=True)  # rows of one identity stand together, and so do those of one group
    places = torch.arange(len(order), device=order.device)
    ends, group_ends = _ends(people[order]), _ends(groups[order])
    generator = torch.Generator().manual_seed(0)
    same = _pairs(places + 1, ends, limit, generator)
    different = _pairs(ends, group_ends, limit, generator)
    first, second = order[torch.cat([same, different], dim=1)].sort(dim=0).values
    sorting = (first * len(order) + second).argsort()
    sorting = sorting[groups[first[sorting]].argsort(stable=True)]
    first, second = first[sorting], second[sorting]
    return Pairs(first, second, people[first] == people[second])


def _ends(labels: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """Where the run of equal labels ends that each place is in."""
    counts = labels.unique_consecutive(return_counts=True)[1]
    return counts.cumsum(0).repeat_interleave(counts)


def _pairs(
    starts: Int[Tensor, " n"], stops: Int[Tensor, " n"], limit: int, generator: torch.Generator
) -> Int[Tensor, "2 p"]:
    """Each place i with those from `starts[i]` to before `stops[i]`, thinned to `limit` pairs."""
    counts = stops - starts
    before = counts.cumsum(0) - counts
    ranks = _thinned(int(counts.sum()), limit, generator).to(counts.device)
    first = torch.searchsorted(before + counts, ranks, right=True)
    return torch.stack([first, starts[first] + ranks - before[first]])


def _thinned(total: int, limit: int, generator: torch.Generator) -> Int[Tensor, " kept"]:
    """The numbers below `total`; of more than `limit`, one at random from each of `limit` equal parts."""
    if total <= limit:
        return torch.arange(total)
    edges = torch.arange(limit + 1) * total // limit
    places = torch.rand(limit, generator=generator, dtype=torch.float64)
    return edges[:-1] + (places * edges.diff()).long()


class Interval(NamedTuple):
    """Where a figure lies with 95 % confidence."""

    low: float
    high: float


def bootstrap(
    distances: Tensor,
    pairs: Pairs,
    identities: Int[Tensor, " n"],
    figures: Mapping[str, Callable[[Roc], float]],
    *,
    draws: int = 100,
    seed: int = 0,
) -> dict[str, Interval]:
    """95 % intervals of figures of the ROC curve, over new draws of the identities.

    Pairs that share a person are not independent, so it is the identities that are drawn with replacement: a
    pair then counts as often as its identities were drawn. The subsets bootstrap (Bolle et al. 2004).
    """
    order = distances.argsort()  # once: sorting is most of the work, and quick where it is done
    distances, pairs = distances[order], Pairs(*(part[order] for part in pairs))
    known, index = identities.unique(return_inverse=True)
    generator = torch.Generator().manual_seed(seed)
    found: dict[str, list[float]] = {name: [] for name in figures}
    for _ in range(draws):
        drawn = torch.randint(0, len(known), (len(known),), generator=generator)
        counts = torch.bincount(drawn, minlength=len(known)).to(distances.device)[index]
        weights = torch.where(pairs.same, counts[pairs.first], counts[pairs.first] * counts[pairs.second])
        curve = roc(distances, pairs.same, weights)
        for name, figure in figures.items():
            value = figure(curve)
            if value == value:  # a draw of one identity alone has no different pair
                found[name].append(value)
    return {name: _interval(values) for name, values in found.items()}


def _interval(values: list[float]) -> Interval:
    if not values:
        return Interval(float("nan"), float("nan"))
    low, high = torch.tensor(values, dtype=torch.float64).quantile(torch.tensor([0.025, 0.975], dtype=torch.float64))
    return Interval(float(low), float(high))
