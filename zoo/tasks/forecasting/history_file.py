"""Reading the file that a forecast continues: columns, time step, and rows for the steps ahead."""

from pathlib import Path
from typing import Any

import pandas as pd

from zoo.data.series.array import read_array
from zoo.data.series.columns import Columns
from zoo.data.series.frames import read_frame, with_index
from zoo.data.series.table import SeriesTable, read_table, series_of
from zoo.data.series.timestamps import Step, keeps_step
from zoo.errors import ZooError


def read_history(
    source: Path | pd.DataFrame, card: dict[str, Any], fill: str | None
) -> tuple[SeriesTable, dict[str, pd.DataFrame]]:
    """Reads the past, and for each series the rows of future covariates for the steps ahead.

    Raises:
        ZooError: a column is missing, a value is invalid, or a series has no past.
    """
    columns = _columns(card)
    if isinstance(source, Path) and source.suffix.lower() == ".npy":
        return read_array(source, columns), {}
    if isinstance(source, pd.DataFrame):
        frame = with_index(source).rename(columns=str)
    else:
        frame = read_frame(source, header=card.get("header", True), text=columns.series)
    where = name_of(source)
    _check_columns(frame, columns, where)
    past, ahead = _split_ahead(frame, columns, where)
    return read_table(past, columns, fill=fill, where=where, option="fill"), ahead


def name_of(source: Path | pd.DataFrame) -> str:
    """The name of a source in messages."""
    return str(source) if isinstance(source, Path) else "the data frame"


def _columns(card: dict[str, Any]) -> Columns:
    return Columns(
        targets=card["targets"],
        past_covariates=card["past_covariates"],
        future_covariates=card["future_covariates"],
        time=card.get("time"),
        series=card.get("series"),
    )


def _check_columns(frame: pd.DataFrame, columns: Columns, source: str) -> None:
    needed = [*columns.targets, *columns.past_covariates, *columns.future_covariates]
    needed += [name for name in (columns.time, columns.series) if name is not None]
    for name in needed:
        if name not in frame.columns:
            raise ZooError(
                f"{source} has no column `{name}`, with which this model was trained; it needs: "
                f"{', '.join(needed)}; there are: {', '.join(frame.columns)}"
            )


def require_trained_step(table: SeriesTable, card: dict[str, Any], source: str) -> Step:
    """The time step of the training data.

    Raises:
        ZooError: the file has another time step.
    """
    trained, found = Step(*card.get("step", ("number", "1"))), table.step
    first, end = max(table.spans(), key=lambda span: span[1] - span[0])
    if keeps_step(table.stamps[first:end], found, trained):
        return trained
    if (found.kind, found.zone) != (trained.kind, trained.zone):
        raise ZooError(f"{source} tells the time by {_clock(found)}; this model was trained on {_clock(trained)}")
    raise ZooError(f"{source} has a value every {found.size}; this model was trained on one every {trained.size}")


def _clock(step: Step) -> str:
    if step.kind == "number":
        return "numbers"
    return "dates with an offset from UTC" if step.zone else "dates without an offset from UTC"


def _split_ahead(frame: pd.DataFrame, columns: Columns, where: str) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Splits the rows of the past from the final rows without targets; returns the latter by series."""
    if not columns.future_covariates:
        return frame, {}
    names = series_of(frame, columns.series, where)
    has_target = frame[columns.targets].notna().any(axis=1)
    is_past = has_target[::-1].groupby(names[::-1]).cummax()[::-1]
    past, ahead = set(names[is_past]), dict(list(frame[~is_past].groupby(names[~is_past])))
    for name, rows in ahead.items():
        if name not in past:
            who = f"series `{name}`" if columns.series else "the file"
            raise ZooError(f"{where}, row {rows.index[0] + 1}: {who} has no value of {', '.join(columns.targets)} yet")
    return frame[is_past], ahead
