"""Columns of ratings in memory or in files, and their stable partition by a key."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHUNK = 2**22  # ratings handled at a time


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Users and items as indices, ratings, and times if there are any; rows of equal index belong together."""

    users: np.ndarray
    items: np.ndarray
    ratings: np.ndarray
    times: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ratings)

    def __getitem__(self, rows: slice | np.ndarray) -> "Columns":
        return Columns(**{name: column[rows] for name, column in self.named().items()})

    def named(self) -> dict[str, np.ndarray]:
        """The columns that are there, by name."""
        return {name: column for name, column in vars(self).items() if column is not None}

    def put(self, rows: slice, values: "Columns") -> None:
        """Overwrites `rows` in place."""
        for name, column in values.named().items():
            getattr(self, name)[rows] = column


def allocate(count: int, folder: Path | None, *, times: bool = False) -> Columns:
    """Uninitialized columns, in memory or, with `folder`, in files there that vanish with the arrays."""
    kinds = {"users": np.int32, "items": np.int32, "ratings": np.float32} | ({"times": np.float64} if times else {})
    return Columns(**{name: _array(count, kind, folder) for name, kind in kinds.items()})


def _array(count: int, kind: type, folder: Path | None) -> np.ndarray:
    if folder is None or not count:
        return np.empty(count, kind)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:  # deleted by the system once nothing maps it
        return np.memmap(file, kind, "w+", shape=(count,))


def partition(
    columns: Columns, key: Callable[[Columns], np.ndarray], count: int, folder: Path | None
) -> tuple[Columns, np.ndarray]:
    """Copies rows in the order of a key in 0 … `count` - 1, stably; reads and writes in chunks.

    Returns:
        The columns, and the first row of each key with the number of rows at the end [count + 1].
    """
    sizes = np.zeros(count, np.int64)
    chunks = range(0, len(columns), CHUNK)
    for first in chunks:
        sizes += np.bincount(key(columns[first : first + CHUNK]), minlength=count)
    starts = np.concatenate([[0], sizes.cumsum()])
    sorted_columns = allocate(len(columns), folder, times=columns.times is not None)
    free = starts[:-1].copy()
    for first in chunks:
        part = columns[first : first + CHUNK]
        keys = key(part)
        order = keys.argsort(kind="stable")
        part, keys = part[order], keys[order]
        edges = np.searchsorted(keys, np.arange(count + 1))
        for group in np.unique(keys):
            begin, end = edges[group], edges[group + 1]
            sorted_columns.put(slice(free[group], free[group] + end - begin), part[begin:end])
            free[group] += end - begin
    return sorted_columns, starts


def select(columns: Columns, rows: np.ndarray, tables: tuple[np.ndarray, np.ndarray], folder: Path | None) -> Columns:
    """The chosen `rows` (a mask), without times, with indices of users and items mapped by `tables`; in chunks."""
    chosen = allocate(int(rows.sum()), folder)
    free = 0
    for first in range(0, len(columns), CHUNK):
        part = columns[first : first + CHUNK][rows[first : first + CHUNK]]
        mapped = Columns(users=tables[0][part.users], items=tables[1][part.items], ratings=part.ratings)
        chosen.put(slice(free, free + len(part)), mapped)
        free += len(part)
    return chosen


def count_rows(columns: Columns, rows: np.ndarray, users: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of chosen `rows` (a mask) of each user and each item, in chunks."""
    by_user, by_item = np.zeros(users, np.int64), np.zeros(items, np.int64)
    for first in range(0, len(columns), CHUNK):
        part = columns[first : first + CHUNK][rows[first : first + CHUNK]]
        by_user += np.bincount(part.users, minlength=users)
        by_item += np.bincount(part.items, minlength=items)
    return by_user, by_item
