"""A validated table of series: numeric columns, evenly spaced times, missing values filled or refused."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from zoo.data.frames.files import read_frame
from zoo.data.series.columns import Columns, resolve_columns, without_labels
from zoo.data.series.panels import require_one_series, series_hint
from zoo.data.series.timestamps import Step, check_stamps, keeps_step, parse_stamps
from zoo.errors import ZooError

WRITTEN_NUMBER = re.compile(r"[-+]?[^\w\s]?\s?\d[\d.,'\s]*[^\w\s]?")  # 1.234,5 or 5 %
FILLS = ("forward", "zero")


@dataclass(frozen=True, kw_only=True)
class SeriesTable:
    """Series one after the other, each in order of time."""

    columns: Columns
    """With all `targets` listed."""
    names: list[str]
    """Names of the series; one empty name without a column of series."""
    lengths: list[int]
    """Number of steps of each series."""
    values: Float[np.ndarray, "time c"]
    """Targets, then covariates."""
    future_covariates: Float[np.ndarray, "time k"]
    stamps: np.ndarray | range
    """Time of each step: datetime64, or numbers."""
    step: Step
    filled: dict[str, int]
    """Number of missing values that were filled, by column."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Columns that are no targets although none were named, and why."""
    notes: list[str] = field(default_factory=list)
    """What is suspicious in the table, one line each."""
    on_disk: bool = False
    """True if `values` are memory-mapped."""

    def spans(self) -> list[tuple[int, int]]:
        """[first, end) of each series."""
        ends = np.cumsum(self.lengths).tolist()
        return [(end - length, end) for end, length in zip(ends, self.lengths, strict=True)]


def read_rows(path: Path, columns: Columns, *, header: bool) -> pd.DataFrame:
    """Reads the rows of a file; a blank line is a missing step if neither a time nor a name tells the step of each row.

    Raises:
        ZooError: a missing, empty or unreadable file, or another format.
    """
    text = [columns.series] if columns.series else []
    return read_frame(path, header=header, text=text, blank_rows=columns.time is None and columns.series is None)


def read_table(
    frame: pd.DataFrame, columns: Columns, *, fill: str | None, where: str, option: str = "data.fill"
) -> SeriesTable:
    """Validates the series of a data frame, whose index counts rows from 0.

    `fill` replaces missing values: `forward` by the previous value, `zero` by 0; null refuses them. In messages,
    `where` is the name of the source and `option` that of `fill`.

    Raises:
        ZooError: names the row and the column of an invalid value.
    """
    if fill is not None and fill not in FILLS:
        raise ZooError(f"`{option}` (={fill}) must be one of: null, {', '.join(FILLS)}")
    one_series = not columns.targets and columns.time is None and columns.series is None
    columns, left_out = without_labels(frame, columns)
    columns = resolve_columns([str(name) for name in frame.columns], columns, where)
    if frame.empty:
        raise ZooError(f"{where} has a header and no rows")
    notes = require_one_series(frame, columns.targets, where) if one_series else []
    groups = _groups(frame, columns.series, where)
    stamps, step = _stamps(frame, groups, columns, where)
    channels = columns.targets + columns.past_covariates
    numbers = {name: read_numbers(frame[name], name, where) for name in [*channels, *columns.future_covariates]}
    file_rows = frame.index.to_numpy() + 1
    filled = {name: _fill(values, name, groups, fill, option, file_rows, where) for name, values in numbers.items()}
    order = np.concatenate(list(groups.values()))
    return SeriesTable(
        columns=columns,
        names=list(groups),
        lengths=[len(rows) for rows in groups.values()],
        values=np.stack([numbers[name][order] for name in channels], axis=1),
        future_covariates=np.stack([numbers[name][order] for name in columns.future_covariates], axis=1)
        if columns.future_covariates
        else np.empty((len(order), 0)),
        stamps=stamps[order],
        step=step,
        filled={name: count for name, count in filled.items() if count},
        left_out=left_out,
        notes=notes,
    )


def series_of(frame: pd.DataFrame, series: str | None, where: str) -> np.ndarray:
    """The name of the series of each row; empty names without a column of series.

    Raises:
        ZooError: names the first row without a name.
    """
    if series is None:
        return np.full(len(frame), "", dtype=object)
    missing = np.flatnonzero(frame[series].isna() | (frame[series].astype(str).str.strip() == ""))
    if len(missing):
        raise ZooError(
            f"{where}, row {frame.index[missing[0]] + 1}, column `{series}`: the name of the series is missing"
        )
    return frame[series].astype(str).str.strip().to_numpy(dtype=object)


def _groups(frame: pd.DataFrame, series: str | None, where: str) -> dict[str, np.ndarray]:
    """Row numbers of each series, in the order of the file."""
    codes, names = pd.factorize(series_of(frame, series, where))
    rows = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    return {str(name): own for name, own in zip(names, rows, strict=True)}


def _stamps(
    frame: pd.DataFrame, groups: dict[str, np.ndarray], columns: Columns, where: str
) -> tuple[np.ndarray, Step]:
    if columns.time is None:
        stamps = np.zeros(len(frame), dtype=np.int64)
        for rows in groups.values():
            stamps[rows] = np.arange(len(rows))
        return stamps, Step(kind="number", size="1")
    stamps, zone = parse_stamps(frame[columns.time], columns.time, where)
    file_rows = frame.index.to_numpy() + 1
    try:
        found = {
            name: check_stamps(stamps[rows], zone, file_rows[rows], columns.time, where)
            for name, rows in groups.items()
        }
    except ZooError as error:
        starts_again = (np.diff(stamps) <= np.zeros(1, dtype=np.diff(stamps).dtype)[0]).any()
        hint = series_hint(frame, columns, stamps) if columns.series is None and starts_again else None
        if hint is None:
            raise
        raise ZooError(f"{where}: the times of `{columns.time}` start again, and {hint}") from error
    longest = max(groups, key=lambda name: len(groups[name]))
    for name, rows in groups.items():
        if not keeps_step(stamps[rows], found[name], found[longest]):
            raise ZooError(
                f"{where}: series `{name}` has one value every {found[name].size}, series `{longest}` one every "
                f"{found[longest].size}; they must share one spacing"
            )
    return stamps, found[longest]


def read_numbers(column: pd.Series, name: str, where: str) -> np.ndarray:
    """The numbers of a column, NaN if missing; its index counts rows from 0.

    Raises:
        ZooError: names the first row with text, a time, or an infinite value.
    """
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    times = pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column)
    wrong = np.flatnonzero((np.isnan(values) | times) & column.notna().to_numpy())
    if len(wrong):
        value = column.iloc[wrong[0]]
        a_time = pd.notna(pd.to_datetime(str(value), errors="coerce", format="ISO8601"))
        hint = f"; if it is the column of times, give data.time={name}" if a_time else ""
        if WRITTEN_NUMBER.fullmatch(str(value)):
            hint = ": write numbers with a point, and without separators or units"
        elif np.isnan(values).all() and not a_time and 2 <= column.nunique() <= len(column) / 2:
            hint = f"; if it names the series of each row, give data.series={name}"
        shown = f"{value}" if times else repr(value)
        raise ZooError(f"{where}, row {column.index[wrong[0]] + 1}, column `{name}`: {shown} is no number{hint}")
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise ZooError(f"{where}, row {column.index[infinite[0]] + 1}, column `{name}`: the value is infinite")
    return values


def _fill(
    values: np.ndarray,
    name: str,
    groups: dict[str, np.ndarray],
    fill: str | None,
    option: str,
    file_rows: np.ndarray,
    where: str,
) -> int:
    """Fills missing values in place, from the past of the same series only; returns their number."""
    missing = np.isnan(values)
    count = int(missing.sum())
    if not count:
        return 0
    first = file_rows[np.flatnonzero(missing)[0]]
    if fill is None:
        raise ZooError(
            f"{where}: column `{name}` misses {count} of {len(values)} values, the first in row {first}: "
            f"{option}=forward repeats the value before, {option}=zero puts 0"
        )
    if fill == "zero":
        values[missing] = 0.0
        return count
    for rows in groups.values():
        if missing[rows[0]]:
            raise ZooError(
                f"{where}, row {file_rows[rows[0]]}, column `{name}`: the series begins with a missing value, and "
                f"{option}=forward has nothing to repeat: leave the first rows out, or use {option}=zero"
            )
        latest = np.maximum.accumulate(np.where(missing[rows], 0, np.arange(len(rows))))
        values[rows] = values[rows][latest]
    return count


def describe_filled(table: SeriesTable, where: str) -> list[str]:
    """One line for each column with filled values."""
    total = sum(table.lengths)
    return [f"{where}: filled {n} of {total} missing values of `{name}`" for name, n in table.filled.items()]
