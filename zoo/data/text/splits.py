"""Splits documents into training, validation and test."""

from collections.abc import Sequence

import numpy as np

from zoo.data.base import Split

Numbers = dict[Split, list[int]]


def split_documents(
    sizes: Sequence[int], keys: Sequence[int], *, val: float, test: float, least: int, seed: int
) -> Numbers | None:
    """Numbers of the documents of each split; validation and test have about these shares of the total size.

    Documents with equal `keys` are in one split. Each split has at least `least` documents with different keys; None
    if there are too few.
    """
    groups: dict[int, list[int]] = {}
    for number, key in enumerate(keys):
        groups.setdefault(key, []).append(number)
    members = list(groups.values())
    if len(members) < 3 * least:
        return None
    weights = [sum(sizes[number] for number in group) for group in members]
    order = np.random.default_rng(seed).permutation(len(members)).tolist()
    chosen: dict[Split, list[int]] = {}
    shares: dict[Split, float] = {"test": test, "val": val}
    for name, share in shares.items():
        chosen[name] = _fill(order, weights, share * sum(weights), least)
        taken = set(chosen[name])
        order = [group for group in order if group not in taken]
    chosen["train"] = order
    return {name: sorted(number for group in chosen[name] for number in members[group]) for name in chosen}


def _fill(order: Sequence[int], weights: Sequence[int], size: float, least: int) -> list[int]:
    """Groups in order, without those that would exceed the size, but at least the smallest `least`."""
    chosen, total = [], 0
    for group in order:
        if total + weights[group] <= size:
            chosen.append(group)
            total += weights[group]
    return chosen if len(chosen) >= least else sorted(order, key=weights.__getitem__)[:least]


def split_in_order(count: int, *, val: float, test: float) -> Numbers:
    """Numbers of the parts of one document: training first, then validation and test."""
    last, middle = max(round(test * count), 1), max(round(val * count), 1)
    ends = (count - last - middle, count - last, count)
    return {"train": [*range(ends[0])], "val": [*range(ends[0], ends[1])], "test": [*range(ends[1], ends[2])]}
