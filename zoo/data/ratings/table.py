"""Ratings of files: CSV, TSV, MovieLens, LIBMF's `u v r`, and Parquet."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zoo.data.ratings.base import RatingsData, Source
from zoo.data.ratings.columns import Columns, join
from zoo.data.ratings.ids import Ids
from zoo.data.ratings.lines import read_batches
from zoo.errors import ZooError, unknown

_NAMES = {
    "user": ("user", "userid", "user_id", "uid", "u"),
    "item": ("item", "itemid", "item_id", "iid", "movieid", "movie_id", "i", "v"),
    "rating": ("rating", "ratings", "score", "label", "count", "value", "r"),
    "time": ("timestamp", "time", "date", "ts"),
}


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
        names = {key: None if name is None else str(name) for key, name in named.items()}
        source = read_source(path, names, self.folder, times=self.split != "random")
        if self.positive_from is not None:
            ratings = source.columns.ratings
            ratings[:] = np.where(ratings >= self.positive_from, 1, -1)
        return source


def read_source(path: Path, named: dict[str, str | None], folder: Path | None, *, times: bool) -> Source:
    """Reads all rows of a file, into memory or into files in `folder`; times only if they are needed.

    Raises:
        ZooError: an unreadable file, a column that is missing, or a rating or a time that is no number.
    """
    users, items = Ids("user"), Ids("item")
    columns = join(_read(path, named, users, items, times=times), folder)
    for ids in (users, items):
        if ids.respelled:
            print(
                f"{path}: {ids.respelled:,} {ids.what} ids differ from others by spaces around them only; they count "
                f"as the same",
                file=sys.stderr,
            )
    return Source(columns=columns, users=users.values(), items=items.values(), name=str(path))


def _read(path: Path, named: dict[str, str | None], users: Ids, items: Ids, *, times: bool) -> Iterator[Columns]:
    """Yields the rows in batches, with numbers of users and items."""
    row = 0
    for batch in read_batches(path):
        chosen = choose_columns(batch.schema.names, named, str(path))
        values = {key: batch.column(name) for key, name in chosen.items()}
        given, when = values.get("rating"), values.get("time") if times else None
        ratings = np.ones(len(batch)) if given is None else numbers(given, chosen["rating"], path, row)
        yield Columns(
            users=users.encode(values["user"], path, row),
            items=items.encode(values["item"], path, row),
            ratings=ratings.astype(np.float32),
            times=None if when is None else numbers(when, chosen["time"], path, row, dates=True),
        )
        row += len(batch)
    if not row:
        raise ZooError(f"{path} has no ratings below its header")


def choose_columns(names: Sequence[str], named: dict[str, str | None], where: str) -> dict[str, str]:
    """The column of the user, the item, the rating and the time, where there is one.

    Raises:
        ZooError: a named column is missing, no column has the user or the item, or two columns have the same name.
    """
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ZooError(f"{where} has {names.count(twice)} columns named `{twice}`")
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


def numbers(column: pa.Array, name: str, where: Path, first: int, *, dates: bool = False) -> np.ndarray:
    """The values of a column as numbers within single precision; with `dates`, also the seconds of dates.

    Raises:
        ZooError: a value is missing or no finite number; names its row, counted from 1 without the header.
    """
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    plain = pc.utf8_trim_whitespace(column) if text else column
    try:
        cast = _seconds(plain) if dates and pa.types.is_temporal(column.type) else pc.cast(plain, pa.float64())
        values = cast.to_numpy(zero_copy_only=False)
    except pa.ArrowException:
        values = np.array([_number(value) for value in column.to_pylist()])
        if dates and text and np.isnan(values).all():
            try:
                values = _seconds(plain).to_numpy(zero_copy_only=False)
            except pa.ArrowException:
                values = np.array([_moment(value) for value in plain.to_pylist()])
    wrong = np.flatnonzero(~(np.abs(values) <= np.finfo(np.float32).max))
    if len(wrong):
        at = int(wrong[0])
        given = column[at].as_py()
        found = "is missing" if given is None or not str(given).strip() else f"is `{given}`"
        what = "a number of seconds or a date such as 2026-01-31 12:00:00" if dates else "a number"
        raise ZooError(f"{where}, row {first + at + 1}, column `{name}`: the value {found}, where {what} is expected")
    return np.asarray(values, np.float64)


def _seconds(column: pa.Array) -> pa.Array:
    """Dates as seconds since 1970."""
    return pc.divide(pc.cast(pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64()), pa.float64()), 1e6)


def _moment(value: str) -> float:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return float("nan")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
