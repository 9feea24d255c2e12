"""Training ratings in a grid of blocks: bands of users × bands of items."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from zoo.data.ratings.columns import Columns, partition

_BANDS = 4  # at least, where there are so many users and items
_BLOCK = 2**15  # ratings of a block in larger data: a smaller one loads the rows of its bands for fewer updates


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Ratings sorted by block, and within a block by user and item."""

    columns: Columns
    bands: int
    starts: np.ndarray
    """The first rating of each block, with the number of ratings at the end [bands² + 1]."""
    item_edges: np.ndarray
    """The first item of each band, with the number of items at the end [bands + 1]."""

    def __len__(self) -> int:
        return len(self.columns)


def build_grid(columns: Columns, num_users: int, num_items: int, folder: Path | None) -> Grid:
    """Sorts ratings by block; the indices of users and items are random, so that blocks have similar sizes."""
    bands = count_bands(len(columns), num_users, num_items)

    def block(part: Columns) -> np.ndarray:
        return _band(part.users, bands, num_users) * bands + _band(part.items, bands, num_items)

    columns, starts = partition(columns, block, bands * bands, folder)
    for begin, end in pairwise(starts):
        part = columns[begin:end]
        columns.put(slice(begin, end), part[np.lexsort((part.items, part.users))])
    edges = np.array([-(-band * num_items // bands) for band in range(bands + 1)])
    return Grid(columns=columns, bands=bands, starts=starts, item_edges=edges)


def count_bands(ratings: int, num_users: int, num_items: int) -> int:
    """The number of bands of users and of items: 4, more for many ratings, fewer for few users or items.

    >>> count_bands(100_000, 943, 1682), count_bands(100_000_000, 200_000, 20_000), count_bands(30, 5, 9)
    (4, 55, 4)
    """
    return min(max(_BANDS, int((ratings / _BLOCK) ** 0.5)), num_users, num_items)


def _band(indices: np.ndarray, bands: int, count: int) -> np.ndarray:
    return indices.astype(np.int64) * bands // count
