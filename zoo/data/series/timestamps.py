"""Parses the times of a series, checks that they are evenly spaced, and continues them."""

import re
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from zoo.errors import ZooError

UTC = "+00:00"
_SLACK = 1e-6  # relative tolerance of equal steps
_DATE_AS_NUMBER = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])((0[1-9]|[12]\d|3[01])(([01]\d|2[0-3])([0-5]\d){0,2})?)?")
"""20260131 and the like: their numbers are evenly spaced within a month, a day or an hour alone."""
NAMED_MONTH = re.compile(
    r"\s*(\d{1,2}\.?[ -])?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?[ -]+(\d{1,2},? )?\d{2,4}\b",
    re.IGNORECASE,
)
"""20 Jun 2020 and June 20, 2020."""
DAY_OR_MONTH_FIRST = re.compile(r"\s*\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b")


class Step(NamedTuple):
    """The interval between two consecutive values."""

    kind: Literal["time", "number"]
    size: str
    """A number, or a frequency of pandas (D, h, MS, 15min, …); empty for a single stamp."""
    zone: str = ""
    """+00:00 if the source gives offsets from UTC: its times are converted to UTC."""


def parse_stamps(column: pd.Series, name: str, where: str) -> tuple[np.ndarray, str]:
    """The stamps of a column as datetime64[us] or numbers, and their zone as in `Step`.

    The column's index counts rows from 0.

    Raises:
        ZooError: names the first value that is neither a time nor a number, or that differs from the first row in
            having an offset from UTC; or all numbers look like dates.
    """
    rows = column.index.to_numpy() + 1
    if pd.api.types.is_numeric_dtype(column):
        return _parse_numbers(column, rows, name, where), ""
    _refuse_missing(column.isna().to_numpy(), rows, name, where)
    zoned = _have_zone(column)
    odd = np.flatnonzero(zoned != zoned[:1])
    if len(odd):
        has, first = ("an", "none") if zoned[odd[0]] else ("no", "one")
        raise ZooError(
            f"{where}, row {rows[odd[0]]}, column `{name}`: {column.iloc[odd[0]]!s} has {has} offset from UTC, where "
            f"row {rows[0]} has {first}: write all times with one, or none"
        )
    zone = UTC if zoned.any() else ""
    times = pd.to_datetime(column, errors="coerce", format="ISO8601", utc=bool(zone))
    bad = np.flatnonzero(times.isna().to_numpy())
    if len(bad):
        value = column.iloc[bad[0]]
        order = " (month or day first is not guessed)" if DAY_OR_MONTH_FIRST.match(str(value)) else ""
        raise ZooError(
            f"{where}, row {rows[bad[0]]}, column `{name}`: {value!r} is no time{order}; write 2026-01-31, "
            f"2026-01-31T12:00, or a number"
        )
    if zone:
        times = times.dt.tz_convert(None)  # UTC has no skipped or repeated hours
    return times.to_numpy(dtype="datetime64[us]"), zone


def check_stamps(own: np.ndarray, zone: str, rows: np.ndarray, name: str, where: str) -> Step:
    """The step between the stamps of one series; `rows` are their row numbers in the source, from 1.

    Raises:
        ZooError: names the first row whose stamp is repeated, out of order, or unevenly spaced.
    """
    steps = np.diff(own)
    zero = np.zeros(1, dtype=steps.dtype)[0]
    for wrong, what in ((steps == zero, "repeats the time"), (steps < zero, "comes before the time")):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0]) + 1
            mend = "keep one row for each time" if what.startswith("repeats") else f"sort the file by `{name}`"
            if at > 1 and own[at] <= own[0]:
                mend += ", or give series below one another names in data.series that differ in more than spaces"
            raise ZooError(
                f"{where}, row {rows[at]}, column `{name}`: {plain_stamp(own[at], zone)} {what} of row "
                f"{rows[at - 1]}, {plain_stamp(own[at - 1], zone)}: {mend}"
            )
    a_time = np.issubdtype(own.dtype, np.datetime64)
    if not len(steps):
        return Step("time" if a_time else "number", "", zone)
    offset = pd.DatetimeIndex(own, freq="infer").freq if a_time and len(own) >= 3 else None
    if offset is None:
        _refuse_irregular(own, zone, rows, name, where)
    if a_time:
        return Step("time", offset.freqstr if offset is not None else _frequency(pd.Timedelta(steps[0])), zone)
    return Step("number", str(steps[0]) if np.issubdtype(own.dtype, np.integer) else _mean_step(own))


def keeps_step(own: np.ndarray | range, found: Step, step: Step) -> bool:
    """Whether stamps with the inferred step `found` also have the step `step`: two months may look like 31 days."""
    if (found.kind, found.zone) != (step.kind, step.zone):
        return False
    if step.kind == "number":
        return not found.size or bool(np.isclose(float(found.size), float(step.size), rtol=_SLACK, atol=0.0))
    if not step.size:  # a single stamp each
        return True
    if found.size:
        return found == step or np.array_equal(continue_stamps(own[0], step, len(own) - 1), own[1:])
    return bool(pd.tseries.frequencies.to_offset(step.size).is_on_offset(pd.Timestamp(own[0])))


def continue_stamps(last: np.generic | int, step: Step, count: int) -> np.ndarray:
    """The `count` stamps after `last`.

    Raises:
        ZooError: times beyond the year 9999, the limit of Python and ISO 8601.

    >>> continue_stamps(np.datetime64("2026-01-01"), Step("time", "MS"), 2).astype(str).tolist()
    ['2026-02-01T00:00:00.000000', '2026-03-01T00:00:00.000000']
    >>> continue_stamps(2008, Step("number", "1"), 2).tolist()
    [2009, 2010]
    """
    if step.kind == "time":
        return _next_times(pd.Timestamp(last).as_unit("us"), step.size, count)
    counted = np.arange(1, count + 1)
    if isinstance(last, int | np.integer) and step.size.isdigit():
        return last + int(step.size) * counted
    return np.array([float(f"{value:.15g}") for value in float(last) + float(step.size) * counted])


def same_stamps(found: np.ndarray, expected: np.ndarray, step: Step) -> np.ndarray:
    """A mask of the stamps that equal the expected ones; numbers may differ by a hundredth of a step."""
    if found.dtype.kind != expected.dtype.kind and "M" in (found.dtype.kind, expected.dtype.kind):
        return np.zeros(len(found), dtype=bool)
    return found == expected if step.kind == "time" else np.abs(found - expected) <= 0.01 * float(step.size)


def plain_stamp(stamp: np.generic | int, zone: str = "") -> str | int | float:
    """A stamp as ISO 8601 text with its zone, or as a number."""
    if isinstance(stamp, np.datetime64):
        return pd.Timestamp(stamp).isoformat() + zone
    value: int | float = stamp.item() if isinstance(stamp, np.generic) else stamp
    return value


def _next_times(last: pd.Timestamp, size: str, count: int) -> np.ndarray:
    too_far = f"{count} steps of {size} after {last.date()} end beyond the year 9999"
    try:
        times = pd.date_range(last, periods=count + 1, freq=pd.tseries.frequencies.to_offset(size))[1:]
    except pd.errors.OutOfBoundsDatetime as error:
        raise ZooError(too_far) from error
    if count and times[-1].year > 9999:
        raise ZooError(too_far)
    return times.to_numpy(dtype="datetime64[us]")


def _parse_numbers(column: pd.Series, rows: np.ndarray, name: str, where: str) -> np.ndarray:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    _refuse_missing(~np.isfinite(values), rows, name, where)
    whole = (values == np.round(values)).all() and (np.abs(values) < 2.0**62).all()
    if not whole:
        return values
    numbers: np.ndarray = column.to_numpy(dtype=np.int64)
    if len(numbers) > 1 and all(_DATE_AS_NUMBER.fullmatch(str(value)) for value in numbers.tolist()):
        raise ZooError(
            f"{where}, column `{name}`: {numbers[0]}, {numbers[1]}, … look like dates, but are read as numbers: write "
            f"dates as 2026-01-31 or 2026-01"
        )
    return numbers


def _refuse_missing(missing: np.ndarray, rows: np.ndarray, name: str, where: str) -> None:
    if missing.any():
        raise ZooError(f"{where}, row {rows[missing][0]}, column `{name}`: the time is missing")


def _have_zone(column: pd.Series) -> np.ndarray:
    """A mask of the stamps with an offset from UTC."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return np.full(len(column), isinstance(column.dtype, pd.DatetimeTZDtype))
    return column.astype(str).str.contains(r"\d[T ]\d.*(?:Z|[+-]\d{2}(?::?\d{2})?)$", regex=True).to_numpy(dtype=bool)


def _refuse_irregular(own: np.ndarray, zone: str, rows: np.ndarray, name: str, where: str) -> None:
    steps = np.diff(own)
    usual = np.sort(steps)[(len(steps) - 1) // 2]
    lengths, length = steps.astype(np.float64), usual.astype(np.float64)
    other = np.flatnonzero(np.abs(lengths - length) > _SLACK * length + _rounding(own))
    if not len(other):
        return
    at = int(other[0]) + 1
    raise ZooError(
        f"{where}, row {rows[at]}, column `{name}`: {plain_stamp(own[at], zone)} follows "
        f"{plain_stamp(own[at - 1], zone)} after {_size(steps[at - 1])}, where {_size(usual)} is usual: the times must "
        f"be evenly spaced; where each row is a step whatever its time, as with trading days, train without data.time"
    )


def _frequency(length: pd.Timedelta) -> str:
    whole_days = length == pd.Timedelta(length.days, "D")
    text: str = pd.tseries.frequencies.to_offset(f"{length.days}D" if whole_days else length).freqstr
    return text


def _mean_step(own: np.ndarray) -> str:
    """The shortest number that reproduces the first and last stamp up to rounding."""
    count = len(own) - 1
    step = float(own[-1] - own[0]) / count
    texts = [f"{step:.{digits}g}" for digits in range(1, 18)]
    return next(text for text in texts if abs(float(text) - step) * count <= _rounding(own))


def _rounding(own: np.ndarray) -> float:
    """The rounding error of a step between large numbers, such as seconds, which have few decimals."""
    return 4.0 * float(np.spacing(np.abs(own).max())) if own.dtype.kind == "f" else 0.0


def _size(step: np.generic) -> str:
    """A step in words: `1 day`, `36 hours`, `2.5`."""
    if not isinstance(step, np.timedelta64):
        return f"{step.item():.12g}"
    seconds = pd.Timedelta(step).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            count = round(seconds / length)
            return f"{count:,} {unit}{'s' if count > 1 else ''}"
    return f"{seconds:.12g} seconds"
