"""Forecasts that go on where a file ends."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from zoo.data.series.array import read_array
from zoo.data.series.calendar import calendar_covariates
from zoo.data.series.frames import read_frame
from zoo.data.series.table import Columns, SeriesTable, describe_filled, read_numbers, read_table, series_of
from zoo.data.series.timestamps import Step, continue_stamps, keeps_step, parse_stamps, plain_stamp, same_stamps
from zoo.errors import ZooError
from zoo.tasks.forecasting.prediction_files import SeriesForecast, write_forecasts
from zoo.tasks.forecasting.rollout import require_horizon, required_known_steps, rollout
from zoo.tasks.forecasting.task import Forecast, Forecasting

_BATCH = 1024  # series


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What the forecasts of all series of a file share."""

    task: Forecasting
    table: SeriesTable
    step: Step
    steps: int
    recursive: bool
    where: str


class _Window(NamedTuple):
    """What the forecast of one series is made from."""

    series: str
    rows: slice
    """Of the table: the steps that the network reads."""
    stamps: np.ndarray
    """Of the steps ahead, as many as the network needs to know of."""
    history: Tensor
    known: Tensor | None


def predict(
    task: Forecasting,
    source: Path,
    folder: Path | None,
    *,
    horizon: int | None = None,
    recursive: bool = False,
    fill: str | None = None,
) -> list[SeriesForecast]:
    """The forecast of every series of a CSV, Parquet or `.npy` file, from where it ends.

    The file has the columns that the model was trained on. Columns known beforehand need rows for the steps ahead,
    with the targets left empty. `horizon` is the trained one unless told; a longer one needs `recursive`. `fill`
    stands in for missing values, forward or zero, as in training unless told.

    Raises:
        ZooError: other columns or another spacing, too short a past, a horizon that the model does not reach.
    """
    card, steps = task.card, task.horizon if horizon is None else horizon
    if steps < 1:
        raise ZooError(f"`horizon` (={steps}) must be at least 1")
    require_horizon(task, steps, recursive=recursive)
    if source.is_dir():
        raise ZooError(f"{source} is a folder: a forecaster reads one CSV, Parquet or .npy file")
    table, ahead = _read(source, card, card.get("fill") if fill is None else fill)
    for line in describe_filled(table, str(source)):
        print(line)
    asked = _Asked(
        task=task,
        table=table,
        step=_trained_step(table, card, source),
        steps=steps,
        recursive=recursive,
        where=str(source),
    )
    spans = zip(table.spans(), table.names, strict=True)
    windows = [_window(asked, span, name, ahead.get(name)) for span, name in spans]
    task.eval()
    with torch.inference_mode():
        results = [
            result
            for first in range(0, len(windows), _BATCH)
            for result in _forecasts(asked, windows[first : first + _BATCH])
        ]
    if folder is not None:
        write_forecasts(results, folder, card.get("series"), table.columns.time or "step")
    return results


def _read(source: Path, card: dict[str, Any], fill: str | None) -> tuple[SeriesTable, dict[str, pd.DataFrame]]:
    """The past, and by series the rows of what is known of the steps ahead."""
    columns = _columns(card)
    if source.suffix.lower() == ".npy":
        return read_array(source, columns), {}
    frame = read_frame(source, header=card.get("header", True))
    _check_columns(frame, columns, source)
    past, ahead = _split_ahead(frame, columns, str(source))
    return read_table(past, columns, fill=fill, where=str(source), option="fill"), ahead


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


def _trained_step(table: SeriesTable, card: dict[str, Any], source: Path) -> Step:
    """The step that the model was trained on, which must be that of the file."""
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
    """The rows of the past, and by series those at its end that have no target yet."""
    if not columns.known:
        return frame, {}
    names = series_of(frame, columns.series, where)
    known_by_then = frame[columns.targets].notna().any(axis=1)
    is_past = known_by_then[::-1].groupby(names[::-1]).cummax()[::-1]
    past, ahead = set(names[is_past]), dict(list(frame[~is_past].groupby(names[~is_past])))
    for name, rows in ahead.items():
        if name not in past:
            who = f"series `{name}`" if columns.series else "the file"
            raise ZooError(f"{where}, row {rows.index[0] + 1}: {who} has no value of {', '.join(columns.targets)} yet")
    return frame[is_past], ahead


def _window(asked: _Asked, span: tuple[int, int], name: str, ahead: pd.DataFrame | None) -> _Window:
    table, (first, end), context = asked.table, span, asked.task.card["context"]
    if end - first < context:
        raise ZooError(f"{_who(asked, name)} has {end - first} points; this model reads the last {context}")
    rows = slice(end - context, end)
    stamps = continue_stamps(table.stamps[end - 1], asked.step, required_known_steps(asked.task, asked.steps))
    history = torch.from_numpy(table.values[rows].copy())
    return _Window(name, rows, stamps, history, _known(asked, name, rows, ahead, stamps))


def _who(asked: _Asked, name: str) -> str:
    return f"series `{name}` of {asked.where}" if name else asked.where


def _forecasts(asked: _Asked, windows: list[_Window]) -> list[SeriesForecast]:
    task, known = asked.task, [window.known for window in windows if window.known is not None]
    forecast = rollout(
        task,
        torch.stack([window.history for window in windows]).to(task.device),
        torch.stack(known).to(task.device) if known else None,
        asked.steps,
        recursive=asked.recursive,
    )
    parts = Forecast(*(part.double().cpu() for part in forecast))
    return [_result(asked, window, Forecast(*part)) for window, *part in zip(windows, *parts, strict=True)]


def _result(asked: _Asked, window: _Window, forecast: Forecast) -> SeriesForecast:
    if not forecast.value.isfinite().all():
        raise ZooError(
            f"the forecast of {_who(asked, window.series)} is not finite: the model has diverged, or its weights are "
            f"broken"
        )
    table, zone = asked.table, asked.step.zone
    return SeriesForecast(
        series=window.series,
        targets=table.columns.targets,
        stamps=[plain_stamp(stamp, zone) for stamp in window.stamps[: asked.steps]],
        values=forecast.value.tolist(),
        lower=[[_finite_or_none(x) for x in row] for row in forecast.lower.tolist()],
        upper=[[_finite_or_none(x) for x in row] for row in forecast.upper.tolist()],
        history=table.values[window.rows, : len(table.columns.targets)].tolist(),
        history_stamps=[plain_stamp(stamp, zone) for stamp in table.stamps[window.rows]],
    )


def _known(asked: _Asked, series: str, rows: slice, ahead: pd.DataFrame | None, stamps: np.ndarray) -> Tensor | None:
    """Covariates over the past window and the steps ahead, whose `stamps` are given [T+S K]."""
    table, calendar = asked.table, asked.task.card.get("calendar", [])
    names, time = table.columns.known, table.columns.time
    if not names and not calendar:
        return None
    future = np.empty((len(stamps), 0))
    if names:
        there = 0 if ahead is None else len(ahead)
        if ahead is None or there < len(stamps):
            raise ZooError(_too_few_ahead(asked, series, len(stamps), there))
        ahead = ahead[: len(stamps)]
        if time is not None:
            _check_ahead(ahead[time], time, stamps, asked.step, asked.where)
        future = np.stack([read_numbers(ahead[name], name, asked.where) for name in names], axis=1)
        if np.isnan(future).any():
            row, column = np.argwhere(np.isnan(future))[0].tolist()
            raise ZooError(
                f"{asked.where}, row {ahead.index[row] + 1}, column `{names[column]}`: the value is missing, which the "
                f"forecast needs to know beforehand"
            )
    future = np.concatenate([future, calendar_covariates(stamps, calendar)], axis=1)
    past = np.concatenate([table.known[rows], calendar_covariates(table.stamps[rows], calendar)], axis=1)
    return torch.from_numpy(np.concatenate([past, future]))


def _too_few_ahead(asked: _Asked, series: str, needed: int, there: int) -> str:
    task, columns = asked.task, asked.table.columns
    whole = f", because the network forecasts {task.horizon} steps at once" if needed > asked.steps else ""
    reached = max((k for k in range(1, asked.steps) if required_known_steps(task, k) <= there), default=0)
    less = f", or ask for horizon={reached}" if reached else ""
    return (
        f"the forecast of {_who(asked, series)} needs {', '.join(columns.known)} for {needed} steps after the last "
        f"value{whole}: add rows with {', '.join(columns.targets)} left empty (there are {there}){less}"
    )


def _check_ahead(column: pd.Series, name: str, stamps: np.ndarray, step: Step, where: str) -> None:
    """Refuses rows ahead that are not those of the steps that are forecast, in order."""
    found, zone = parse_stamps(column, name, where)
    wrong = np.flatnonzero(~same_stamps(found, stamps, step) | (zone != step.zone))
    if len(wrong):
        at = int(wrong[0])
        raise ZooError(
            f"{where}, row {column.index[at] + 1}, column `{name}`: {plain_stamp(found[at], zone)} stands where the "
            f"step {plain_stamp(stamps[at], step.zone)} is forecast: rows without a value go on after the last value, "
            f"one for each step, in order"
        )


def _finite_or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
