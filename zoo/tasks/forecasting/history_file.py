"""Reading the file that a forecast continues: columns, time step, and rows for the steps ahead."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from zoo.data.frames.files import with_index
from zoo.data.series.array import read_array
from zoo.data.series.columns import Columns
from zoo.data.series.table import SeriesTable, read_rows, read_table, series_of
from zoo.data.series.timestamps import Step, keeps_step
from zoo.errors import ZooError
from zoo.prediction.sources import resolve_source


def resolve(source: Any, card: dict[str, Any]) -> Path | pd.DataFrame:
    """The existing file or the data frame of a source; an array becomes one with the columns of the training.

    Raises:
        ZooError: no such file, several, a folder, an address, or an array of another shape.
    """
    if isinstance(source, pd.DataFrame):
        return source
    if isinstance(source, np.ndarray | Tensor):
        return _frame(np.asarray(source.detach().cpu() if isinstance(source, Tensor) else source), card)
    if isinstance(source, str | Path) and not str(source).startswith(("http://", "https://")):
        found = resolve_source(source)
        files = found if isinstance(found, list) else [found]
        if len(files) == 1 and isinstance(files[0], Path) and not files[0].is_dir():
            return files[0]
    raise ZooError(
        "a forecaster reads one CSV, Parquet or .npy file, a data frame, or an array or tensor [time, columns]"
    )


def _frame(values: np.ndarray, card: dict[str, Any]) -> pd.DataFrame:
    """The data frame of an array [time] or [time, columns]."""
    columns = _columns(card)
    named = [name for name in (columns.time, columns.series, *columns.future_covariates) if name is not None]
    if named:
        raise ZooError(
            f"this model was trained with the columns {', '.join(named)}, which an array cannot name: give a data frame"
        )
    names = [*columns.targets, *columns.past_covariates]
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != len(names) or values.dtype.kind not in "iuf":
        raise ZooError(
            f"the array has the shape {values.shape} and {values.dtype} values: this model reads numbers "
            f"[time, {len(names)}], the columns {', '.join(names)}"
        )
    return pd.DataFrame(values, columns=names)


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
        frame = read_rows(source, columns, header=card.get("header", True))
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
