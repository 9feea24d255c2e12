"""Forecasts that continue the series of a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from zoo.data.series.calendar import calendar_covariates
from zoo.data.series.columns import describe_columns
from zoo.data.series.table import SeriesTable, describe_filled, read_numbers
from zoo.data.series.timestamps import Step, continue_stamps, parse_stamps, plain_stamp, same_stamps
from zoo.errors import ZooError
from zoo.tasks.forecasting.history_file import name_of, read_history, require_trained_step
from zoo.tasks.forecasting.prediction_files import SeriesForecast, write_forecasts
from zoo.tasks.forecasting.rollout import require_horizon, required_covariate_steps, rollout
from zoo.tasks.forecasting.task import Forecast, Forecasting

_BATCH = 1024  # series per forward pass


@dataclass(frozen=True, kw_only=True)
class _Request:
    """The options shared by all series of a file."""

    task: Forecasting
    table: SeriesTable
    step: Step
    steps: int
    recursive: bool
    where: str


class _Window(NamedTuple):
    """The inputs of the forecast of one series."""

    series: str
    rows: slice
    """The rows of the table that the network reads."""
    stamps: np.ndarray
    """The stamps of the steps ahead that the network needs."""
    history: Tensor
    covariates: Tensor | None


def predict(
    task: Forecasting,
    source: Path | pd.DataFrame,
    folder: Path | None,
    *,
    horizon: int | None = None,
    recursive: bool = False,
    fill: str | None = None,
) -> list[SeriesForecast]:
    """Forecasts the steps after the end of each series in a CSV, Parquet or `.npy` file, or in a data frame.

    The file needs the columns of the training data. Future covariates need rows for the steps ahead, with empty
    targets. `horizon` defaults to the trained one; a longer one needs `recursive`. `fill` (forward or zero) replaces
    missing values and defaults to that of the training.

    Raises:
        ZooError: the columns or the time step differ, the past is too short, or the horizon is out of reach.
    """
    card, steps = task.card, task.horizon if horizon is None else horizon
    if steps < 1:
        raise ZooError(f"`horizon` (={steps}) must be at least 1")
    require_horizon(task, steps, recursive=recursive)
    table, ahead = read_history(source, card, card.get("fill") if fill is None else fill)
    described = describe_columns(table.columns, table.names, {}, name_of(source))
    print(*described, *describe_filled(table, name_of(source)), *_describe_intervals(task, steps), sep="\n")
    request = _Request(
        task=task,
        table=table,
        step=require_trained_step(table, card, name_of(source)),
        steps=steps,
        recursive=recursive,
        where=name_of(source),
    )
    windows = [_window(request, span, name, ahead.get(name)) for span, name in _long_enough(request)]
    task.eval()
    with torch.inference_mode():
        results = [
            result
            for first in range(0, len(windows), _BATCH)
            for result in _forecasts(request, windows[first : first + _BATCH])
        ]
    if folder is not None:
        write_forecasts(results, folder, card.get("series"), table.columns.time or "step")
    return results


def _describe_intervals(task: Forecasting, steps: int) -> list[str]:
    if "interval" not in task.card:
        return []
    beyond = f"; beyond step {task.horizon} they widen as those of a random walk" if steps > task.horizon else ""
    return [f"{task.card['interval']['level']:.0%} intervals {task.card['interval']['source']}{beyond}"]


def _long_enough(request: _Request) -> list[tuple[tuple[int, int], str]]:
    """The spans and names of the series that fill a window; the others are reported."""
    table, context = request.table, request.task.card["context"]
    spans = list(zip(table.spans(), table.names, strict=True))
    short = [(end - first, name) for (first, end), name in spans if end - first < context]
    if len(short) == len(spans):
        length, name = max(short)
        raise ZooError(f"{_who(request, name)} has {length} points; this model reads the last {context}")
    if short:
        shown = ", ".join(f"{name} ({length})" for length, name in short[:5]) + (", …" if len(short) > 5 else "")
        print(
            f"{request.where}: leaves out {len(short)} of {len(spans)} series with fewer than {context} points: {shown}"
        )
    return [(span, name) for span, name in spans if span[1] - span[0] >= context]


def _window(request: _Request, span: tuple[int, int], name: str, ahead: pd.DataFrame | None) -> _Window:
    table, end, context = request.table, span[1], request.task.card["context"]
    rows = slice(end - context, end)
    stamps = continue_stamps(table.stamps[end - 1], request.step, required_covariate_steps(request.task, request.steps))
    history = torch.from_numpy(table.values[rows].copy())
    return _Window(name, rows, stamps, history, _covariates(request, name, rows, ahead, stamps))


def _who(request: _Request, name: str) -> str:
    return f"series `{name}` of {request.where}" if name else request.where


def _forecasts(request: _Request, windows: list[_Window]) -> list[SeriesForecast]:
    task, covariates = request.task, [window.covariates for window in windows if window.covariates is not None]
    forecast = rollout(
        task,
        torch.stack([window.history for window in windows]).to(task.device),
        torch.stack(covariates).to(task.device) if covariates else None,
        request.steps,
        recursive=request.recursive,
    )
    parts = Forecast(*(part.double().cpu() for part in forecast))
    return [_result(request, window, Forecast(*part)) for window, *part in zip(windows, *parts, strict=True)]


def _result(request: _Request, window: _Window, forecast: Forecast) -> SeriesForecast:
    if not forecast.value.isfinite().all():
        raise ZooError(
            f"the forecast of {_who(request, window.series)} is not finite: the model has diverged, or its weights are "
            f"broken"
        )
    table, zone = request.table, request.step.zone
    return SeriesForecast(
        series=window.series,
        targets=table.columns.targets,
        stamps=[plain_stamp(stamp, zone) for stamp in window.stamps[: request.steps]],
        values=forecast.value.tolist(),
        lower=[[_finite_or_none(x) for x in row] for row in forecast.lower.tolist()],
        upper=[[_finite_or_none(x) for x in row] for row in forecast.upper.tolist()],
        history=table.values[window.rows, : len(table.columns.targets)].tolist(),
        history_stamps=[plain_stamp(stamp, zone) for stamp in table.stamps[window.rows]],
    )


def _covariates(
    request: _Request, series: str, rows: slice, ahead: pd.DataFrame | None, stamps: np.ndarray
) -> Tensor | None:
    """Future covariates [T+S K] of the past window and of the steps ahead at `stamps`."""
    table, calendar = request.table, request.task.card.get("calendar", [])
    names, time = table.columns.future_covariates, table.columns.time
    if not names and not calendar:
        return None
    future = np.empty((len(stamps), 0))
    if names:
        given = 0 if ahead is None else len(ahead)
        if ahead is None or given < len(stamps):
            raise ZooError(_too_few_ahead(request, series, len(stamps), given))
        ahead = ahead[: len(stamps)]
        if time is not None:
            _check_ahead(ahead[time], time, stamps, request.step, request.where)
        future = np.stack([read_numbers(ahead[name], name, request.where) for name in names], axis=1)
        if np.isnan(future).any():
            row, column = np.argwhere(np.isnan(future))[0].tolist()
            raise ZooError(
                f"{request.where}, row {ahead.index[row] + 1}, column `{names[column]}`: the value is missing, which "
                f"the forecast needs to know beforehand"
            )
    future = np.concatenate([future, calendar_covariates(stamps, calendar)], axis=1)
    past = np.concatenate([table.future_covariates[rows], calendar_covariates(table.stamps[rows], calendar)], axis=1)
    return torch.from_numpy(np.concatenate([past, future]))


def _too_few_ahead(request: _Request, series: str, needed: int, given: int) -> str:
    task, columns = request.task, request.table.columns
    reason = f", because the network forecasts {task.horizon} steps at once" if needed > request.steps else ""
    possible = max((k for k in range(1, request.steps) if required_covariate_steps(task, k) <= given), default=0)
    shorter = f", or ask for horizon={possible}" if possible else ""
    return (
        f"the forecast of {_who(request, series)} needs {', '.join(columns.future_covariates)} for {needed} steps "
        f"after the last value{reason}: add rows with {', '.join(columns.targets)} left empty "
        f"(there are {given}){shorter}"
    )


def _check_ahead(column: pd.Series, name: str, stamps: np.ndarray, step: Step, where: str) -> None:
    """Requires that the rows ahead are the forecast steps, in order."""
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
