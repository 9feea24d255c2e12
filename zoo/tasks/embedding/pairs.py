"""Pairs of rows to compare, and bootstrap intervals of their metrics."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from zoo.tasks.embedding.verification import Roc, roc


class Pairs(NamedTuple):
    """The two rows of each pair, and whether both have the same identity."""

    first: Int[Tensor, " n"]
    second: Int[Tensor, " n"]
    same: Bool[Tensor, " n"]


def all_pairs(identities: Int[Tensor, " n"], groups: Int[Tensor, " n"] | None, limit: int) -> Pairs:
    """All pairs of rows, within groups if there are groups, sorted by group, first and second row.

    Keeps an even, repeatable sample of `limit` same-identity pairs and of `limit` different-identity pairs. Pairs are
    sampled by number, so memory does not grow with the square of the test set.
    """
    groups = torch.zeros_like(identities) if groups is None else groups
    people = torch.stack([groups, identities]).unique(dim=1, return_inverse=True)[1]
    order = people.argsort(stable=True)  # makes identities and groups contiguous
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
    """For each position, the end of its run of equal labels."""
    counts = labels.unique_consecutive(return_counts=True)[1]
    return counts.cumsum(0).repeat_interleave(counts)


def _pairs(
    starts: Int[Tensor, " n"], stops: Int[Tensor, " n"], limit: int, generator: torch.Generator
) -> Int[Tensor, "2 p"]:
    """Pairs of each position i with the positions in [starts[i], stops[i]), thinned to `limit` pairs."""
    counts = stops - starts
    before = counts.cumsum(0) - counts
    ranks = _thinned(int(counts.sum()), limit, generator).to(counts.device)
    first = torch.searchsorted(before + counts, ranks, right=True)
    return torch.stack([first, starts[first] + ranks - before[first]])


def _thinned(total: int, limit: int, generator: torch.Generator) -> Int[Tensor, " kept"]:
    """The numbers below `total`, or one random number from each of `limit` equal ranges if there are more."""
    if total <= limit:
        return torch.arange(total)
    edges = torch.arange(limit + 1) * total // limit
    places = torch.rand(limit, generator=generator, dtype=torch.float64)
    return edges[:-1] + (places * edges.diff()).long()


class Interval(NamedTuple):
    """A 95 % confidence interval."""

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
    """95 % intervals of metrics of the ROC curve, by bootstrap over the identities.

    Pairs that share an identity are not independent. Identities are therefore drawn with replacement, and each pair
    counts as often as its identities are drawn: the subsets bootstrap (Bolle et al., 2004).
    """
    order = distances.argsort()  # once, since sorting takes most of the time and later sorts are then fast
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
            if value == value:  # NaN: a draw of a single identity has no different pairs
                found[name].append(value)
    return {name: _interval(values) for name, values in found.items()}


def _interval(values: list[float]) -> Interval:
    if not values:
        return Interval(float("nan"), float("nan"))
    low, high = torch.tensor(values, dtype=torch.float64).quantile(torch.tensor([0.025, 0.975], dtype=torch.float64))
    return Interval(float(low), float(high))
