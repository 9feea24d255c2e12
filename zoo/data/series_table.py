"""A table of series, checked: every column a number, every stamp in its place, nothing missing but what was filled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from zoo.data.stamps import Step, check_stamps, parse_stamps, plain_stamp
from zoo.errors import ZooError

FILLS = ("forward", "zero")


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns of a table mean what."""

    targets: list[str]
    """Forecast; empty for all that have no other part."""
    covariates: list[str]
    """Read beside the targets, known for the past alone."""
    known: list[str]
    """Known beforehand: given for the future as well."""
    time: str | None
    """Times, or consecutive numbers; without it the rows are taken as evenly spaced."""
    series: str | None
    """Names the series that a row belongs to."""


@dataclass(frozen=True, kw_only=True)
class SeriesTable:
    """Series one after the other, each in order of time."""

    columns: Columns
    """With `targets` spelt out."""
    names: list[str]
    """Of the series; one empty name where there is no such column."""
    lengths: list[int]
    """Steps of each series."""
    values: Float[np.ndarray, "time c"]
    """Targets, then covariates."""
    known: Float[np.ndarray, "time k"]
    stamps: np.ndarray | range
    """Of each step: datetime64, or numbers."""
    step: Step
    filled: dict[str, int]
    """How many values of each column were missing and filled."""
    on_disk: bool = False
    """True where `values` are mapped from a file and not read before they are needed."""

    def spans(self) -> list[tuple[int, int]]:
        """Where each series begins and ends."""
        ends = np.cumsum(self.lengths).tolist()
        return [(end - length, end) for end, length in zip(ends, self.lengths, strict=True)]


def read_table(frame: pd.DataFrame, columns: Columns, *, fill: str | None, where: str) -> SeriesTable:
    """The series of a data frame; `where` names its source in messages, and the frame's index its rows, from 0.

    `fill` says what stands for a missing value: forward, the value before it; zero; null refuses it.

    Raises:
        ZooError: names the row and the column of what is wrong.
    """
    if fill is not None and fill not in FILLS:
        raise ZooError(f"`data.fill` (={fill}) must be one of: null, {', '.join(FILLS)}")
    columns = spelt_out([str(name) for name in frame.columns], columns, where)
    if frame.empty:
        raise ZooError(f"{where} has a header and no rows")
    groups = _groups(frame, columns.series)
    stamps, step = _stamps(frame, groups, columns, where)
    wanted = columns.targets + columns.covariates
    numbers = {name: _numbers(frame[name], name, where) for name in [*wanted, *columns.known]}
    file_rows = frame.index.to_numpy() + 1
    filled = {name: _fill(values, name, groups, fill, file_rows, where) for name, values in numbers.items()}
    order = np.concatenate(list(groups.values()))
    return SeriesTable(
        columns=columns,
        names=list(groups),
        lengths=[len(rows) for rows in groups.values()],
        values=np.stack([numbers[name][order] for name in wanted], axis=1),
        known=np.stack([numbers[name][order] for name in columns.known], axis=1)
        if columns.known
        else np.empty((len(order), 0)),
        stamps=stamps[order],
        step=step,
        filled={name: count for name, count in filled.items() if count},
    )


def spelt_out(there: list[str], columns: Columns, where: str) -> Columns:
    """The parts of the columns that are there, with all that have none as targets where no target is named.

    Raises:
        ZooError: a column that is not there or has two parts, or none left to forecast.
    """
    parts = {"targets": columns.targets, "covariates": columns.covariates, "known": columns.known}
    parts |= {name: [v] for name in ("time", "series") if (v := getattr(columns, name)) is not None}
    for part, names in parts.items():
        for name in names:
            if name not in there:
                raise ZooError(f"`data.{part}`: {where} has no column `{name}`; there are: {', '.join(there)}")
    taken = [name for names in parts.values() for name in names]
    twice = sorted({name for name in taken if taken.count(name) > 1})
    if twice:
        raise ZooError(f"column `{twice[0]}` is given two parts; each of {', '.join(parts)} needs its own")
    targets = columns.targets or [name for name in there if name not in taken]
    if not targets:
        raise ZooError(f"{where} has no column left to forecast: name one with data.targets=[…]")
    return Columns(
        targets=targets,
        covariates=columns.covariates,
        known=columns.known,
        time=columns.time,
        series=columns.series,
    )


def _groups(frame: pd.DataFrame, series: str | None) -> dict[str, np.ndarray]:
    """Row numbers of each series, in the order of the file."""
    if series is None:
        return {"": np.arange(len(frame))}
    codes, names = pd.factorize(frame[series].astype(str).to_numpy())
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
    stamps = parse_stamps(frame[columns.time], columns.time, where)
    file_rows = frame.index.to_numpy() + 1
    found = [check_stamps(stamps[rows], file_rows[rows], columns.time, where) for rows in groups.values()]
    for name, step in zip(groups, found, strict=True):
        if step != found[0]:
            raise ZooError(
                f"{where}: series `{name}` has one value every {step.size}, series `{next(iter(groups))}` one "
                f"every {found[0].size}; they must share one spacing"
            )
    return stamps, found[0]


def _numbers(column: pd.Series, name: str, where: str) -> np.ndarray:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    text = np.flatnonzero(np.isnan(values) & column.notna().to_numpy())
    if len(text):
        value = column.iloc[text[0]]
        a_time = pd.notna(pd.to_datetime(str(value), errors="coerce", format="ISO8601"))
        hint = f"; if it is the column of times, give data.time={name}" if a_time else ""
        raise ZooError(f"{where}, row {column.index[text[0]] + 1}, column `{name}`: {value!r} is no number{hint}")
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise ZooError(f"{where}, row {column.index[infinite[0]] + 1}, column `{name}`: the value is infinite")
    return values


def _fill(
    values: np.ndarray, name: str, groups: dict[str, np.ndarray], fill: str | None, file_rows: np.ndarray, where: str
) -> int:
    """Fills missing values in place, from the past of the same series alone; says how many there were."""
    missing = np.isnan(values)
    count = int(missing.sum())
    if not count:
        return 0
    first = file_rows[np.flatnonzero(missing)[0]]
    if fill is None:
        raise ZooError(
            f"{where}: column `{name}` misses {count} of {len(values)} values, the first in row {first}: "
            f"data.fill=forward repeats the value before, data.fill=zero puts 0"
        )
    if fill == "zero":
        values[missing] = 0.0
        return count
    for rows in groups.values():
        if missing[rows[0]]:
            raise ZooError(
                f"{where}, row {file_rows[rows[0]]}, column `{name}`: the series begins with a missing value, and "
                f"data.fill=forward has nothing to repeat: leave the first rows out, or use data.fill=zero"
            )
        latest = np.maximum.accumulate(np.where(missing[rows], 0, np.arange(len(rows))))
        values[rows] = values[rows][latest]
    return count


def describe_filled(table: SeriesTable, where: str) -> list[str]:
    """One line for each column whose missing values were filled."""
    total = sum(table.lengths)
    return [f"{where}: filled {n} of {total} missing values of `{name}`" for name, n in table.filled.items()]


def last_stamps(table: SeriesTable) -> Sequence[str | int | float]:
    """The last stamp of each series, as plain values."""
    return [plain_stamp(table.stamps[end - 1]) for _, end in table.spans()]
