"""Splits ratings at random, by the last ones of each user, or by time, and counts repeated pairs."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from zoo.data.ratings.columns import CHUNK, Columns, allocate, partition
from zoo.errors import ZooError

SPLITS = ("random", "last", "time")
TRAIN, VAL, TEST, REPEATED = range(4)


@dataclass(frozen=True, kw_only=True)
class Split:
    """Ratings sorted by user and item, each with its role."""

    columns: Columns
    roles: np.ndarray
    """TRAIN, VAL, TEST, or REPEATED for a rating that a later one of the same pair replaces."""
    repeated: int


def assign_roles(columns: Columns, *, split: str, val: float, test: float, seed: int, folder: Path | None) -> Split:
    """Assigns a role to every rating; users fit in memory band by band.

    `random` draws validation and test ratings with the given fractions. `last` takes the last rating of each user with
    at least three for the test, and the one before for validation. `time` takes the latest fractions of all ratings.

    Raises:
        ZooError: the split needs times and there are none.
    """
    times = columns.times
    if split in ("last", "time") and times is None:
        raise ZooError(f"`data.split` (={split}) needs a column of times: name it with data.time, or use random")
    limits = np.zeros(2)
    if split == "time" and times is not None:
        sorted_times = allocate(len(columns), folder, times=True).times
        assert sorted_times is not None
        sorted_times[:] = times
        limits = np.quantile(sorted_times, [1 - val - test, 1 - test], overwrite_input=True)
    users = int(columns.users.max()) + 1
    bands = min(-(-len(columns) // CHUNK), users)
    columns, starts = partition(columns, lambda part: part.users.astype(np.int64) * bands // users, bands, folder)
    roles = np.empty(len(columns), np.int8)
    generator = np.random.default_rng(seed)
    for begin, end in pairwise(starts):
        rows = slice(begin, end)
        part = columns[rows]
        part = part[np.lexsort((part.items, part.users))]  # stable: equal pairs stay in the order of the file
        columns.put(rows, part)
        repeated = np.zeros(len(part), bool)
        repeated[:-1] = (part.users[1:] == part.users[:-1]) & (part.items[1:] == part.items[:-1])
        if split == "last":
            given = _last(part, ~repeated)
        elif split == "time":
            assert part.times is not None
            given = (part.times > limits[0]).astype(np.int8) + (part.times > limits[1])
        else:
            draws = generator.random(len(part))
            given = (draws < val + test).astype(np.int8) + (draws < test)
        roles[rows] = np.where(repeated, REPEATED, given)
    return Split(columns=columns, roles=roles, repeated=int((roles == REPEATED).sum()))


def _last(part: Columns, kept: np.ndarray) -> np.ndarray:
    """The roles of ratings sorted by user, of which only `kept` ones count."""
    roles = np.full(len(part), TRAIN, np.int8)
    rows = np.flatnonzero(kept)
    assert part.times is not None
    order = rows[np.lexsort((part.times[rows], part.users[rows]))]
    users = part.users[order]
    end = np.searchsorted(users, users, side="right")
    many = end - np.searchsorted(users, users) >= 3
    place = end - 1 - np.arange(len(users))  # 0 for the last
    roles[order[many & (place == 0)]] = TEST
    roles[order[many & (place == 1)]] = VAL
    return roles
