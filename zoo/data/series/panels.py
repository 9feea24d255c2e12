"""Finds columns that name the series of a table, where the options name none."""

from itertools import combinations

import numpy as np
import pandas as pd

from zoo.data.series.columns import Columns, whole_numbers
from zoo.errors import ZooError

_TRIED = 6  # columns that may name the series together


def series_hint(frame: pd.DataFrame, columns: Columns, stamps: np.ndarray) -> str | None:
    """How to name the series of a table whose times start again, if columns tell the series apart; else None."""
    taken = [columns.time, *columns.past_covariates, *columns.future_covariates]
    names = [name for name in map(str, frame.columns) if name not in taken and _is_label(frame[name])]
    names.sort(key=lambda name: (pd.api.types.is_numeric_dtype(frame[name]), frame[name].nunique()))
    for name in names:
        if _rise(stamps, frame[name].astype(str)):
            return f"`{name}` names several series: give data.series={name}"
    for first, second in combinations(names[:_TRIED], 2):
        if _rise(stamps, frame[first].astype(str) + "\0" + frame[second].astype(str)):
            return f"`{first}` and `{second}` together name several series: join them in one column for data.series"
    return None


def require_one_series(frame: pd.DataFrame, targets: list[str], where: str) -> list[str]:
    """Checks that no targets number series and their steps; returns a note on each one that may name series.

    A column that keeps each whole number for a block of rows names series if another one counts up within each block
    and starts again in some, or if all blocks are equally long, other than a 0 and a 1.

    Raises:
        ZooError: names the columns.
    """
    whole = {name: values for name in targets if (values := whole_numbers(frame[name])) is not None}
    notes = []
    for name, values in whole.items():
        if (starts := _block_starts(values)) is None:
            continue
        within = np.ones(len(values) - 1, dtype=bool)
        within[starts[1:] - 1] = False
        for other, steps in ((other, np.diff(each)) for other, each in whole.items() if other != name):
            if (steps[within] > 0).all() and (steps[~within] < 0).any():
                raise ZooError(
                    f"{where}: `{name}` and `{other}` number the rows together, as a series and its times or "
                    f"the parts of a date: give data.series and data.time, or name what to forecast with "
                    f"data.targets=[…]"
                )
        lengths = np.diff([*starts, len(values)])
        if lengths.min() >= 3 and len(set(lengths)) == 1 and set(values) != {0.0, 1.0}:
            raise ZooError(
                f"{where}: `{name}` keeps each value for {lengths[0]} rows, as the name of a series does: give "
                f"data.series={name}, or name what to forecast with data.targets=[…]"
            )
        if lengths.min() >= 3:
            notes.append(
                f"{where}: `{name}` keeps each of {len(lengths)} values for some rows: if it names series, give "
                f"data.series={name}"
            )
    return notes


def _block_starts(values: np.ndarray) -> np.ndarray | None:
    """The first row of each block if each value stands in one block, in blocks of two rows on average or more."""
    starts = np.flatnonzero(np.r_[True, np.diff(values) != 0])
    fits = 2 <= len(starts) <= len(values) / 2 and len(np.unique(values)) == len(starts)
    return starts if fits else None


def _is_label(column: pd.Series) -> bool:
    """Whether the column has few enough different values to name series, and no fractions."""
    is_fraction = pd.api.types.is_float_dtype(column) and (column.dropna() % 1 != 0).any()
    return not is_fraction and 2 <= column.nunique(dropna=False) <= len(column) / 2


def _rise(stamps: np.ndarray, names: pd.Series) -> bool:
    """Whether the stamps of each name rise."""
    codes, _ = pd.factorize(names)
    order = np.argsort(codes, kind="stable")
    same = np.diff(codes[order]) == 0
    steps = np.diff(stamps[order])
    return bool(same.any() and (steps[same] > np.zeros(1, dtype=steps.dtype)[0]).all())
