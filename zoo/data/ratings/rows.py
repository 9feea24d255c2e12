"""Rows of ratings: batches by row number, and the items of each user."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from zoo.data.ratings.columns import CHUNK, Columns, chunks

COLD = -1
"""The index of a user or an item without training ratings."""


class RatingBatch(NamedTuple):
    """Ratings of items by users, as indices; COLD without training ratings."""

    users: Int[Tensor, " b"]
    items: Int[Tensor, " b"]
    ratings: Float[Tensor, " b"]


@dataclass(frozen=True)
class RatingRows:
    """The ratings of a split, indexed with a tensor of row numbers."""

    columns: Columns
    in_memory = True

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, rows: Tensor) -> RatingBatch:
        part = self.columns[rows.numpy()]
        return RatingBatch(*(torch.from_numpy(np.asarray(c)) for c in (part.users, part.items, part.ratings)))


def by_user(rows: list[Columns], users: int) -> tuple[np.ndarray, np.ndarray]:
    """The items of each user in ascending order, without cold ones: starts [users + 1] and items."""
    counts = np.zeros(users, np.int64)
    for part in _warm_chunks(rows):
        counts += np.bincount(part.users, minlength=users)
    starts = np.concatenate([[0], counts.cumsum()])
    items, free = np.empty(starts[-1], np.int32), starts[:-1].copy()
    for part in _warm_chunks(rows):
        order = part.users.argsort(kind="stable")
        sizes = np.bincount(part.users, minlength=users)
        first = np.repeat(sizes.cumsum() - sizes, sizes)
        items[np.repeat(free, sizes) + np.arange(len(part)) - first] = part.items[order]
        free += sizes
    edges = np.unique([*np.searchsorted(starts, np.arange(0, starts[-1], CHUNK)), users])
    for low, high in pairwise(edges):
        some = items[starts[low] : starts[high]]
        some[:] = some[np.lexsort((some, np.repeat(np.arange(low, high), counts[low:high])))]
    return starts, items


def _warm_chunks(rows: list[Columns]) -> Iterator[Columns]:
    """Ratings of users and items with training ratings, a bounded number at a time."""
    for part in chain.from_iterable(map(chunks, rows)):
        yield part[(part.users != COLD) & (part.items != COLD)]
