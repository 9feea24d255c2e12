"""Turns data frames into the columns of a table, and reports the cells that do not fit."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from zoo.data.frames.files import read_frame, with_index
from zoo.data.frames.texts import texts_of
from zoo.data.npy_files import map_array
from zoo.data.series.table import WRITTEN_NUMBER
from zoo.data.series.timestamps import DAY_OR_MONTH_FIRST, NAMED_MONTH
from zoo.data.table.as_written import PADDED
from zoo.data.table.raw import Kind, RawTable
from zoo.errors import ZooError

_RANGES = 20  # categories such as <5, 5-9, 10+
_DAY = np.timedelta64(1, "D")


def read_table(
    path: Path, *, header: bool, categories: Sequence[str] = (), kinds: Mapping[str, Kind] | None = None
) -> RawTable:
    """Reads a CSV, Parquet or NumPy file; `categories` are columns of text even if they hold numbers.

    `kinds` are those of the training file; by default they are found.

    Raises:
        ZooError: an unreadable file, or a cell that does not fit the kind of its column.
    """
    frame = read_source(path, header=header, categories=categories)
    return table_of(frame, str(path), categories=categories, kinds=kinds)


def read_source(path: Path, *, header: bool, categories: Sequence[str]) -> pd.DataFrame:
    """Reads a file as a data frame; `categories` keep their characters.

    Raises:
        ZooError: an unreadable file.
    """
    return _read_array(path) if path.suffix.lower() == ".npy" else read_frame(path, header=header, text=categories)


def table_of(
    frame: pd.DataFrame,
    where: str,
    *,
    categories: Sequence[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    advice: str = "; data.categories=[{}] takes the column as categories",
) -> RawTable:
    """The columns of a data frame; those of `kinds` alone if it is given.

    `advice` ends the message of text in a column of numbers.

    Raises:
        ZooError: no row, a missing column, or a cell that does not fit the kind of its column.
    """
    frame = with_index(frame).rename(columns=str)
    for name in categories if kinds is None else kinds:
        if name not in frame.columns:
            raise ZooError(f"{where} has no column `{name}`; there are: {', '.join(frame.columns[:50])}")
    if frame.empty:
        raise ZooError(f"{where} has no rows below its header")
    if kinds is None:
        kinds = {name: "category" if name in categories else _kind(frame[name]) for name in frame.columns}
        for name in (name for name, kind in kinds.items() if kind == "category" and name not in categories):
            _require_text(frame[name], where)
    rows = np.arange(1, len(frame) + 1)
    columns = {name: _values(frame[name], kind, where, advice) for name, kind in kinds.items()}
    return RawTable(columns=columns, kinds=dict(kinds), rows=rows, where=where)


def convert(column: pd.Series, kind: Kind) -> tuple[np.ndarray, np.ndarray]:
    """The values of a column as of one kind, and a mask of the cells that do not fit."""
    if kind == "category":
        return texts_of(column), np.zeros(len(column), bool)
    if kind == "date":
        values = _days(column)
    else:
        plain = column.map(str) if pd.api.types.is_datetime64_any_dtype(column) else column
        values = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    present = np.array([value is not None for value in texts_of(column)], bool)
    return values, present & ~np.isfinite(values)


def _values(column: pd.Series, kind: Kind, where: str, advice: str) -> np.ndarray:
    values, wrong = convert(column, kind)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        text = isinstance(column.iloc[row], str) and kind == "number"
        hint = advice.format(column.name) if text else ""
        raise ZooError(f"{where}, row {row + 1}, column `{column.name}`: {fault(column.iloc[row], kind)}{hint}")
    return values


def fault(value: object, kind: Kind) -> str:
    """Why a cell does not fit the kind of its column."""
    if isinstance(value, float) and np.isinf(value):
        return "the value is infinite"
    if kind == "date":
        return f"{value!r} is no date; write 2026-01-31 or 2026-01-31T12:00"
    return f"{value!r} is no number"


def _kind(column: pd.Series) -> Kind:
    """Numbers or dates where at least half of the values are; text is a category."""
    if pd.api.types.is_bool_dtype(column):
        return "category"
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    given = column.dropna()
    if not len(given):
        return "number"  # an empty column
    if given.astype(str).str.fullmatch(PADDED).any():
        return "category"
    for kind in ("number", "date"):
        values, wrong = convert(given, kind)
        if 2 * wrong.sum() < len(given) and np.isfinite(values).any():
            return kind
    return "category"


def _require_text(column: pd.Series, where: str) -> None:
    """Refuses a column half of whose texts are dates, or various numbers, but not as they are read here."""
    if not pd.api.types.is_string_dtype(column):
        return
    texts = column.dropna().astype(str).str.strip()
    if not len(texts) or texts.str.fullmatch(PADDED).any():
        return
    date = "no date (month or day first is not guessed): write 2026-01-31"
    number = "no number: write numbers with a point, and without separators or units"
    for pattern, what in ((DAY_OR_MONTH_FIRST, date), (NAMED_MONTH, date), (WRITTEN_NUMBER, number)):
        written = texts[texts.str.fullmatch(pattern)]
        unread = written[pd.to_numeric(written, errors="coerce").isna()]
        ranges = pattern is WRITTEN_NUMBER and len(written) < len(texts) and written.nunique() <= _RANGES
        if len(unread) and 2 * len(written) >= len(texts) and not ranges:
            raise ZooError(
                f"{where}, column `{column.name}`: {unread.iloc[0]!r} is {what}; "
                f"data.categories=[{column.name}] takes the column as categories"
            )


def _days(column: pd.Series) -> np.ndarray:
    """Days since 1970; dates with an offset from UTC are converted to UTC."""
    if pd.api.types.is_numeric_dtype(column):
        return np.full(len(column), np.nan)
    times = pd.to_datetime(column, errors="coerce", format="ISO8601", utc=True).dt.tz_convert(None)
    days: np.ndarray = (times.to_numpy(dtype="datetime64[us]") - np.datetime64(0, "D")) / _DAY
    return days


def _read_array(path: Path) -> pd.DataFrame:
    """The rows of a `.npy` file [N D], with columns 0, 1, …"""
    array = map_array(path)
    if array.ndim != 2 or array.dtype.kind not in "biufUM":
        raise ZooError(f"{path} holds {list(array.shape)} values of {array.dtype}, and a table is numbers [N D]")
    return pd.DataFrame(array)
