"""Columns of ratings in memory or in files, and their stable partition by a key."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def chunks(columns: Columns) -> Iterator[Columns]:
    """Yields the rows in order, a bounded number at a time."""
    for first in range(0, len(columns), CHUNK):
        yield columns[first : first + CHUNK]


def allocate(count: int, folder: Path | None, *, times: bool = False) -> Columns:
    """Uninitialized columns, in memory or, with `folder`, in files there that vanish with the arrays."""
    kinds = {"users": np.int32, "items": np.int32, "ratings": np.float32} | ({"times": np.float64} if times else {})
    return Columns(**{name: _array(count, kind, folder) for name, kind in kinds.items()})


def _array(count: int, kind: type, folder: Path | None) -> np.ndarray:
    if folder is None or not count:
        return np.empty(count, kind)
    with _temporary_file(folder) as file:
        return np.memmap(file, kind, "w+", shape=(count,))


def join(parts: Iterator[Columns], folder: Path | None) -> Columns:
    """Joins columns; with `folder` they go to files there, one of the `parts` after the other."""
    if folder is None:
        lists: dict[str, list[np.ndarray]] = {}
        for part in parts:
            for name, column in part.named().items():
                lists.setdefault(name, []).append(column)
        return Columns(**{name: np.concatenate(lists.pop(name)) for name in list(lists)})
    with ExitStack() as stack:
        files: dict[str, tuple[Any, np.dtype[Any]]] = {}
        for part in parts:
            for name, column in part.named().items():
                if name not in files:
                    files[name] = (stack.enter_context(_temporary_file(folder)), column.dtype)
                column.tofile(files[name][0])
        return Columns(**{name: np.memmap(file, kind, "r+") for name, (file, kind) in files.items()})


def _temporary_file(folder: Path) -> Any:
    """A file that the system deletes once nothing maps it."""
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


def partition(
    columns: Columns, key: Callable[[Columns], np.ndarray], count: int, folder: Path | None
) -> tuple[Columns, np.ndarray]:
    """Copies rows in the order of a key in 0 … `count` - 1, stably; reads and writes in chunks.

    Returns:
        The columns, and the first row of each key with the number of rows at the end [count + 1].
    """
    sizes = np.zeros(count, np.int64)
    for part in chunks(columns):
        sizes += np.bincount(key(part), minlength=count)
    starts = np.concatenate([[0], sizes.cumsum()])
    sorted_columns = allocate(len(columns), folder, times=columns.times is not None)
    free = starts[:-1].copy()
    for part in chunks(columns):
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
