"""Forecasts that go on where a file ends."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from zoo.data.calendar import calendar_covariates
from zoo.data.series_array import read_array
from zoo.data.series_file import read_frame
from zoo.data.series_table import Columns, SeriesTable, describe_filled, read_table
from zoo.data.stamps import Step, continue_stamps, parse_stamps, plain_stamp
from zoo.errors import ZooError
from zoo.prediction.forecasting_files import SeriesForecast, Stamp, write_forecasts
from zoo.tasks.forecasting import Forecasting


def predict(
    task: Forecasting,
    source: Path,
    folder: Path | None,
    *,
    horizon: int | None = None,
    recursive: bool = False,
) -> list[SeriesForecast]:
    """The forecast of every series of a CSV, Parquet or `.npy` file, from where it ends.

    The file has the columns that the model was trained on. Columns known beforehand need rows for the steps ahead,
    with the targets left empty. `horizon` is the trained one unless told; a longer one needs `recursive`.

    Raises:
        ZooError: other columns or another spacing, too short a past, a horizon that the model does not reach.
    """
    card, steps = task.card, task.horizon if horizon is None else horizon
    if steps < 1:
        raise ZooError(f"`horizon` (={steps}) must be at least 1")
    task.require_reach(steps, recursive=recursive)
    if source.is_dir():
        raise ZooError(f"{source} is a folder: a forecaster reads one CSV, Parquet or .npy file")
    table, ahead = _read(source, card)
    columns = table.columns
    for line in describe_filled(table, str(source)):
        print(line)
    _check_step(table.step, card, source)
    task.eval()
    with torch.inference_mode():
        results = [
            _forecast(task, table, span, name, ahead, steps, recursive, source)
            for span, name in zip(table.spans(), table.names, strict=True)
        ]
    if folder is not None:
        write_forecasts(results, folder, card.get("series"), columns.time or "step")
    return results


def _read(source: Path, card: dict[str, Any]) -> tuple[SeriesTable, pd.DataFrame]:
    """The past, and the rows of what is known of the steps ahead."""
    columns = _columns(card)
    if source.suffix.lower() == ".npy":
        return read_array(source, columns), pd.DataFrame()
    frame = read_frame(source, header=card.get("header", True))
    _check_columns(frame, columns, source)
    past, ahead = _split_ahead(frame, columns)
    return read_table(past, columns, fill=card.get("fill"), where=str(source)), ahead


def _columns(card: dict[str, Any]) -> Columns:
    return Columns(
        targets=card["targets"],
        covariates=card["covariates"],
        known=card["known"],
        time=card.get("time"),
        series=card.get("series"),
    )


def _check_columns(frame: pd.DataFrame, columns: Columns, source: Path) -> None:
    needed = [*columns.targets, *columns.covariates, *columns.known]
    needed += [name for name in (columns.time, columns.series) if name is not None]
    for name in needed:
        if name not in frame.columns:
            raise ZooError(
                f"{source} has no column `{name}`, with which this model was trained; it needs: "
                f"{', '.join(needed)}; there are: {', '.join(frame.columns)}"
            )


def _check_step(step: Step, card: dict[str, Any], source: Path) -> None:
    trained = Step(*card.get("step", ("number", "1")))
    if step != trained:
        raise ZooError(f"{source} has a value every {step.size}; this model was trained on one every {trained.size}")


def _split_ahead(frame: pd.DataFrame, columns: Columns) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the past, and those at the end of each series that have no target yet."""
    if not columns.known:
        return frame, frame.iloc[:0]
    empty = frame[columns.targets].isna().all(axis=1)
    filled = (~empty)[::-1]
    later = filled.groupby(frame[columns.series]) if columns.series else filled.groupby(lambda _: 0)
    ahead = later.cummax()[::-1].eq(False)
    return frame[~ahead], frame[ahead]


def _forecast(
    task: Forecasting,
    table: SeriesTable,
    span: tuple[int, int],
    name: str,
    ahead: pd.DataFrame,
    steps: int,
    recursive: bool,
    source: Path,
) -> SeriesForecast:
    first, end = span
    context: int = task.card["context"]
    if end - first < context:
        who = f"series `{name}` of {source}" if name else str(source)
        raise ZooError(f"{who} has {end - first} points; this model reads the last {context}")
    rows = slice(end - context, end)
    stamps = continue_stamps(plain_stamp(table.stamps[end - 1]), table.step, steps)
    known = _known(task.card, table, rows, ahead, name, stamps, str(source))
    history = torch.from_numpy(table.values[rows].copy()).unsqueeze(0).to(task.device)
    forecast = task.forecast(history, known if known is None else known.to(task.device), steps, recursive=recursive)
    value, lower, upper = (part[0].double().cpu().tolist() for part in forecast[:3])
    return SeriesForecast(
        series=name,
        targets=table.columns.targets,
        stamps=stamps,
        values=value,
        lower=[[_known_or_none(x) for x in row] for row in lower],
        upper=[[_known_or_none(x) for x in row] for row in upper],
        history=table.values[rows, : len(table.columns.targets)].tolist(),
        history_stamps=[plain_stamp(stamp) for stamp in table.stamps[rows]],
    )


def _known(
    card: dict[str, Any],
    table: SeriesTable,
    rows: slice,
    ahead: pd.DataFrame,
    name: str,
    stamps: list[Stamp],
    where: str,
) -> Tensor | None:
    """Covariates over the past window and the steps ahead [1 T+H K]."""
    calendar: list[str] = card.get("calendar", [])
    if not table.columns.known and not calendar:
        return None
    future = np.empty((len(stamps), 0))
    if table.columns.known:
        own = ahead if table.columns.series is None else ahead[ahead[table.columns.series].astype(str) == name]
        _check_ahead(own[: len(stamps)], table.columns.time, stamps, where)
        future = own[table.columns.known].to_numpy(dtype=np.float64)[: len(stamps)]
        if len(future) < len(stamps) or np.isnan(future).any():
            raise ZooError(
                f"the forecast needs {', '.join(table.columns.known)} for {len(stamps)} steps after the last value: "
                f"add rows with {', '.join(table.columns.targets)} left empty (there are {len(own)}), or ask for a "
                f"smaller horizon"
            )
    times = np.array(stamps, dtype="datetime64[ns]") if table.step.kind == "time" else np.array(stamps)
    future = np.concatenate([future, calendar_covariates(times, calendar)], axis=1)
    past = np.concatenate([table.known[rows], calendar_covariates(table.stamps[rows], calendar)], axis=1)
    return torch.from_numpy(np.concatenate([past, future])).unsqueeze(0)


def _check_ahead(ahead: pd.DataFrame, time: str | None, stamps: list[Stamp], where: str) -> None:
    """Refuses rows ahead that are not those of the steps that are forecast, in order."""
    if time is None or ahead.empty:
        return
    for row, found, wanted in zip(ahead.index, parse_stamps(ahead[time], time, where), stamps, strict=False):
        if plain_stamp(found) != wanted:
            raise ZooError(
                f"{where}, row {row + 1}, column `{time}`: {plain_stamp(found)} stands where the step {wanted} is "
                f"forecast: rows without a value go on after the last value, one for each step, in order"
            )


def _known_or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
