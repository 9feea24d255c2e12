"""Ratings of files: CSV, TSV, MovieLens, LIBMF's `u v r`, and Parquet."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zoo.data.ratings.base import RatingsData, Source
from zoo.data.ratings.columns import Columns
from zoo.data.ratings.ids import Ids
from zoo.data.ratings.lines import read_batches
from zoo.errors import ZooError, unknown

_NAMES = {
    "user": ("user", "userid", "user_id", "uid", "u"),
    "item": ("item", "itemid", "item_id", "iid", "movieid", "movie_id", "i", "v"),
    "rating": ("rating", "ratings", "score", "label", "count", "value", "r"),
    "time": ("timestamp", "time", "date", "ts"),
}
MAX_ROWS = 2**31 - 1
"""Ratings that are read into memory at most; more need `mapped`."""


@dataclass(kw_only=True, eq=False)
class Ratings(RatingsData):
    """Ratings of a file with a user, an item, a rating and perhaps a time in each row.

    Reads CSV, TSV, `user::item::rating::time`, MovieLens' `u.data`, `ratings.csv` and `ratings.dat`, LIBMF's `u v r`
    and Parquet, compressed too. Columns are found by their names, or by their order without a header; `user`, `item`,
    `rating` and `time` name others. Without a rating all are 1, as for clicks. Ids are text or whole numbers. With
    `positive_from`, ratings become labels: 1 from there on, and -1 below.
    """

    path: str
    user: str | None
    item: str | None
    rating: str | None
    time: str | None
    positive_from: float | None

    def source(self) -> Source:
        """Reads the file."""
        path = Path(self.path).expanduser()
        named = {"user": self.user, "item": self.item, "rating": self.rating, "time": self.time}
        source = read_source(path, {key: None if name is None else str(name) for key, name in named.items()})
        if self.positive_from is not None:
            ratings = source.columns.ratings
            ratings[:] = np.where(ratings >= self.positive_from, 1, -1)
        return source


def read_source(path: Path, named: dict[str, str | None]) -> Source:
    """Reads all rows of a file.

    Raises:
        ZooError: an unreadable file, a column that is missing, or a rating or a time that is no number.
    """
    users, items = Ids("user"), Ids("item")
    parts: dict[str, list[np.ndarray]] = {"users": [], "items": [], "ratings": [], "times": []}
    row = 0
    for batch in read_batches(path):
        chosen = choose_columns(batch.schema.names, named, str(path))
        values = {key: batch.column(name) for key, name in chosen.items()}
        parts["users"].append(users.encode(values["user"], path, row))
        parts["items"].append(items.encode(values["item"], path, row))
        given = values.get("rating")
        ratings = np.ones(len(batch)) if given is None else numbers(given, chosen["rating"], path, row)
        parts["ratings"].append(ratings.astype(np.float32))
        if "time" in values:
            parts["times"].append(numbers(values["time"], chosen["time"], path, row))
        row += len(batch)
        if row > MAX_ROWS:
            raise ZooError(f"{path} has more than {MAX_ROWS:,} ratings, the most that are read")
    if not row:
        raise ZooError(f"{path} has no ratings below its header")
    for ids in (users, items):
        if ids.respelled:
            print(
                f"{path}: {ids.respelled:,} {ids.what} ids differ from others by spaces around them only; they count "
                f"as the same",
                file=sys.stderr,
            )
    columns = Columns(
        users=np.concatenate(parts["users"]),
        items=np.concatenate(parts["items"]),
        ratings=np.concatenate(parts["ratings"]),
        times=np.concatenate(parts["times"]) if parts["times"] else None,
    )
    return Source(columns=columns, users=users.values(), items=items.values(), name=str(path))


def choose_columns(names: Sequence[str], named: dict[str, str | None], where: str) -> dict[str, str]:
    """The column of the user, the item, the rating and the time, where there is one.

    Raises:
        ZooError: a named column is missing, or no column has the user or the item.
    """
    for key, name in named.items():
        if name is not None and name not in names:
            raise ZooError(f"{where}, data.{key}: {unknown('column', name, names)}")
    chosen = find_columns(names) | {key: name for key, name in named.items() if name is not None}
    for key in ("user", "item"):
        if key not in chosen:
            raise ZooError(f"{where} has no column of {key}s among {', '.join(names)}: name it with data.{key}=COLUMN")
    return chosen


def find_columns(names: Sequence[str]) -> dict[str, str]:
    """The columns of user, item, rating and time by their usual names; by their order if all are numbers.

    >>> find_columns(["userId", "movieId", "rating", "tag"])
    {'user': 'userId', 'item': 'movieId', 'rating': 'rating'}
    """
    if all(name.isdigit() for name in names):
        return dict(zip(_NAMES, names, strict=False))
    found = {key: next((n for n in names if n.strip().lower() in usual), None) for key, usual in _NAMES.items()}
    return {key: name for key, name in found.items() if name is not None}


def numbers(column: pa.Array, name: str, where: Path, first: int) -> np.ndarray:
    """The values of a column as finite numbers.

    Raises:
        ZooError: a value is missing or no finite number; names its row, counted from 1 without the header.
    """
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    try:
        cast = pc.cast(pc.utf8_trim_whitespace(column) if text else column, pa.float64())
        values = cast.to_numpy(zero_copy_only=False)
    except pa.ArrowException:
        values = np.array([_number(value) for value in column.to_pylist()])
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        at = int(wrong[0])
        given = column[at].as_py()
        found = "is missing" if given is None or not str(given).strip() else f"is `{given}`"
        raise ZooError(f"{where}, row {first + at + 1}, column `{name}`: the value {found}, where a number is expected")
    return np.asarray(values, np.float64)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
