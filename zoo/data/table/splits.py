"""Splits the rows of a table: at random, with the same fraction of each class, by groups, or by time."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from zoo.data.base import Split
from zoo.data.split_names import split_of
from zoo.data.splits import Indices
from zoo.data.table.raw import RawTable, missing
from zoo.errors import ZooError, unknown

SPLITS = ("auto", "random", "stratified", "group", "time", "column")
Fractions = Mapping[Split, float]
"""The fraction of the rows of each split that is cut out of training, the test first."""


def require_split(split: str, split_by: str | None, allowed: Sequence[str] = SPLITS) -> None:
    """Checks the options `data.split` and `data.split_by`.

    Raises:
        ZooError: another word, or a column that is missing or not needed.
    """
    if split not in allowed:
        raise ZooError(f"`data.split` (={split}) must be one of: {', '.join(allowed)}")
    needs = split in ("group", "time", "column")
    if needs != (split_by is not None):
        raise ZooError(f"`data.split` (={split}) {'needs' if needs else 'goes without'} data.split_by=COLUMN")


def split_rows(table: RawTable, split: str, split_by: str | None, fractions: Fractions, seed: int) -> Indices:
    """Sorted indices of each split by the column `split_by`, or at random without it.

    Raises:
        ZooError: no such column, or values that make no splits.
    """
    if split_by is None:
        return split_at_random(len(table), fractions, seed)
    if split_by not in table.columns:
        raise ZooError(f"{table.where}, `data.split_by`: {unknown('column', split_by, table.columns)}")
    by = table.columns[split_by]
    if (lost := missing(by)).any():
        row = table.rows[np.flatnonzero(lost)[0]]
        raise ZooError(f"{table.where}, row {row}, column `{split_by}`: the value is missing")
    if split == "group":
        return split_by_group(by, fractions, seed)
    if split == "column":
        return split_by_column(by, ["train", *fractions])
    if by.dtype == object:
        raise ZooError(f"`data.split_by` (={split_by}) holds text, and data.split=time needs dates or numbers")
    return split_by_time(by, fractions)


def split_at_random(count: int, fractions: Fractions, seed: int) -> Indices:
    """Sorted indices of each split."""
    return _in_order(np.random.default_rng(seed).permutation(count), fractions)


def split_by_time(times: Float[np.ndarray, " n"], fractions: Fractions) -> Indices:
    """Sorted indices of each split: the latest rows are the test, those before them validation."""
    return _in_order(np.argsort(times, kind="stable")[::-1], fractions)


def split_by_group(groups: np.ndarray, fractions: Fractions, seed: int) -> Indices:
    """Sorted indices of each split; the rows of one group are in one split.

    Groups in random order fill each split up to its share of the rows.

    Raises:
        ZooError: fewer groups than splits.
    """
    names, members = np.unique(groups.astype(str), return_inverse=True)
    if len(names) <= len(fractions):
        raise ZooError(f"`data.split_by`: {len(names)} groups cannot be in {len(fractions) + 1} splits")
    order, sizes = np.random.default_rng(seed).permutation(len(names)), np.bincount(members)
    found, begin = Indices(), 0
    for number, (name, fraction) in enumerate(fractions.items()):
        shares = sizes[order[begin:]].cumsum() / len(groups)
        count = int(np.searchsorted(shares, fraction)) + 1
        end = min(begin + count, len(names) - (len(fractions) - number))  # a group is left for each later split
        found[name], begin = np.flatnonzero(np.isin(members, order[begin:end])), end
    return found | {"train": np.flatnonzero(np.isin(members, order[begin:]))}


def split_by_column(words: np.ndarray, required: Sequence[Split]) -> Indices:
    """The rows that a column marks as train, val and test.

    Raises:
        ZooError: another word, or no row of a required split.
    """
    splits = {word: split_of(str(word)) for word in set(words.tolist())}
    for word, split in splits.items():
        if split is None:
            raise ZooError(f"`data.split_by`: `{word}` is none of train, val and test")
    roles = np.array([splits[word] for word in words.tolist()])
    found = {name: np.flatnonzero(roles == name) for name in ("train", "val", "test")}
    for name in required:
        if not len(found[name]):
            raise ZooError(f"`data.split_by`: no row is marked {name}")
    return {split: rows for split, rows in found.items() if len(rows)}  # type: ignore[misc]


def _in_order(order: Int[np.ndarray, " n"], fractions: Fractions) -> Indices:
    """Cuts the splits from the front; training is the rest."""
    found, begin = Indices(), 0
    for name, fraction in fractions.items():
        end = begin + max(round(fraction * len(order)), 1)
        found[name], begin = np.sort(order[begin:end]), end
    if begin >= len(order):
        raise ZooError(f"{len(order)} rows are too few for training, validation and test")
    return found | {"train": np.sort(order[begin:])}
