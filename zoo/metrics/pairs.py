"""Pairs of rows to compare, and how sure a figure over them is."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from zoo.metrics.verification import Roc, roc


class Pairs(NamedTuple):
    """Row numbers of each pair, and whether both rows are of one identity."""

    first: Int[Tensor, " n"]
    second: Int[Tensor, " n"]
    same: Bool[Tensor, " n"]


def all_pairs(identities: Int[Tensor, " n"], groups: Int[Tensor, " n"] | None, limit: int) -> Pairs:
    """Every pair of rows once, within a group where there are groups.

    Of more than `limit` pairs of either kind an even, repeatable choice of `limit` is taken, so that a
    large test set does not need memory for its square.
    """
    if groups is not None and len(groups.unique()) > 1:
        return _thinned(_labelled(*_pairs_within(groups), identities), limit)
    count = len(identities)
    total = count * (count - 1) // 2
    if total <= 4 * limit:
        first, second = torch.triu_indices(count, count, offset=1, device=identities.device)
        return _thinned(_labelled(first, second, identities), limit)
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randint(0, count, (2, 2 * limit), generator=generator).to(identities.device)
    keep = (first < second) & (identities[first] != identities[second])
    same = _thinned(_labelled(*_pairs_within(identities), identities), limit)
    return _labelled(
        torch.cat([first[keep][:limit], same.first]), torch.cat([second[keep][:limit], same.second]), identities
    )


def _pairs_within(labels: Int[Tensor, " n"]) -> tuple[Tensor, Tensor]:
    """Every pair of rows of one label, label by label."""
    rows = []
    for part in labels.argsort(stable=True).split(labels.unique(return_counts=True)[1].tolist()):
        left, right = torch.triu_indices(len(part), len(part), offset=1, device=part.device)
        rows.append(torch.stack([part[left], part[right]]))
    first, second = torch.cat(rows, dim=1)
    return first, second


def _labelled(first: Tensor, second: Tensor, identities: Tensor) -> Pairs:
    return Pairs(first, second, identities[first] == identities[second])


def _thinned(pairs: Pairs, limit: int) -> Pairs:
    kept = []
    for kind in (pairs.same, ~pairs.same):
        rows = kind.nonzero().squeeze(1)
        if len(rows) > limit:
            rows = rows[torch.linspace(0, len(rows) - 1, limit, dtype=torch.float64).long().to(rows.device)]
        kept.append(rows)
    rows = torch.cat(kept).sort().values
    return Pairs(pairs.first[rows], pairs.second[rows], pairs.same[rows])


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
