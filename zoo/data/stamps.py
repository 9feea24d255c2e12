"""Times of a series: read, checked to be evenly spaced, and continued."""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from zoo.errors import ZooError


class Step(NamedTuple):
    """What lies between one value and the next."""

    kind: Literal["time", "number"]
    size: str
    """A number, or a frequency as pandas writes it: D, h, MS, 15min, …"""


def parse_stamps(column: pd.Series, name: str, where: str) -> np.ndarray:
    """The stamps of a column as datetime64[ns], or as numbers where it has numbers; its index counts rows from 0.

    Raises:
        ZooError: names the first that is neither.
    """
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy()
        bad = np.flatnonzero(~np.isfinite(values.astype(np.float64)))
        if len(bad):
            raise ZooError(f"{where}, row {column.index[bad[0]] + 1}, column `{name}`: the time is missing")
        whole = values.astype(np.int64)
        return whole if (whole == values).all() else values
    times = pd.to_datetime(column, errors="coerce", format="ISO8601", utc=_has_zone(column))
    bad = np.flatnonzero(times.isna().to_numpy())
    if len(bad):
        raise ZooError(
            f"{where}, row {column.index[bad[0]] + 1}, column `{name}`: {column.iloc[bad[0]]!r} is no time; write "
            f"2026-01-31, 2026-01-31T12:00, or a number"
        )
    if times.dt.tz is not None:
        times = times.dt.tz_convert(None)  # in UTC, where no hour is skipped or repeated
    return times.to_numpy(dtype="datetime64[ns]")


def check_stamps(own: np.ndarray, rows: np.ndarray, name: str, where: str) -> Step:
    """The step between the stamps of one series, which stand in these rows of its source, counted from 1.

    Raises:
        ZooError: names the first row whose stamp is repeated, out of order, or not evenly spaced.
    """
    steps = np.diff(own)
    zero = np.zeros(1, dtype=steps.dtype)[0] if len(steps) else 0
    for wrong, what in ((steps == zero, "repeats the time"), (steps < zero, "comes before the time")):
        if len(steps) and wrong.any():
            at = int(np.flatnonzero(wrong)[0]) + 1
            mend = "keep one row for each time" if what.startswith("repeats") else f"sort the file by `{name}`"
            raise ZooError(
                f"{where}, row {rows[at]}, column `{name}`: {plain_stamp(own[at])} {what} of row {rows[at - 1]}, "
                f"{plain_stamp(own[at - 1])}: {mend}"
            )
    if not np.issubdtype(own.dtype, np.datetime64):
        return _number_step(own, rows, name, where)
    offset = pd.DatetimeIndex(own, freq="infer").freq if len(own) >= 3 else None
    if offset is not None:
        return Step("time", offset.freqstr)
    _refuse_irregular(own, steps, rows, name, where)
    return Step("time", pd.tseries.frequencies.to_offset(pd.Timedelta(steps[0])).freqstr if len(steps) else "D")


def continue_stamps(last: str | int | float, step: Step, count: int) -> list[str | int | float]:
    """The `count` stamps after `last`, as plain values.

    >>> continue_stamps("2026-01-01T00:00:00", Step("time", "MS"), 2)
    ['2026-02-01T00:00:00', '2026-03-01T00:00:00']
    >>> continue_stamps(2008, Step("number", "1"), 2)
    [2009, 2010]
    """
    if step.kind == "number":
        size = float(step.size)
        values = [float(last) + size * (k + 1) for k in range(count)]
        return [int(v) if v.is_integer() and size.is_integer() else v for v in values]
    offset = pd.tseries.frequencies.to_offset(step.size)
    return [plain_stamp(time) for time in pd.date_range(pd.Timestamp(last), periods=count + 1, freq=offset)[1:]]


def plain_stamp(stamp: np.generic | pd.Timestamp | int) -> str | int | float:
    """A stamp as text of ISO 8601, or as a number."""
    if isinstance(stamp, np.datetime64 | pd.Timestamp):
        return pd.Timestamp(stamp).isoformat()
    value: int | float = stamp.item() if isinstance(stamp, np.generic) else stamp
    return value


def _number_step(own: np.ndarray, rows: np.ndarray, name: str, where: str) -> Step:
    steps = np.diff(own.astype(np.float64))
    if len(steps) and not np.allclose(steps, steps[0], rtol=1e-6, atol=0.0):
        _refuse_irregular(own, steps, rows, name, where)
    size = float(steps[0]) if len(steps) else 1.0
    return Step("number", f"{size:g}")


def _refuse_irregular(own: np.ndarray, steps: np.ndarray, rows: np.ndarray, name: str, where: str) -> None:
    if not len(steps) or (len(steps) == 1):
        return
    sizes, counts = np.unique(steps, return_counts=True)
    usual = sizes[counts.argmax()]
    other = np.flatnonzero(~np.isclose(steps.astype(np.float64), float(usual), rtol=1e-6, atol=0.0))
    if not len(other):
        return
    at = int(other[0]) + 1
    raise ZooError(
        f"{where}, row {rows[at]}, column `{name}`: {plain_stamp(own[at])} follows {plain_stamp(own[at - 1])} "
        f"after {_size(steps[at - 1])}, where {_size(usual)} is usual: the times must be evenly spaced"
    )


def _size(step: np.generic) -> str:
    return str(pd.Timedelta(step)) if isinstance(step, np.timedelta64) else f"{step.item():g}"


def _has_zone(column: pd.Series) -> bool:
    texts = column.dropna().astype(str)
    return bool(len(texts)) and bool(texts.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$", regex=True).iloc[0])
