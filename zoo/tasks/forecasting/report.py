"""The report of a forecaster: baselines, example windows, errors by step, calibration, residuals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from zoo.data.series.base import SeriesData
from zoo.data.series.windows import Windows
from zoo.reports.comparison import comparison
from zoo.reports.figures import plain_text
from zoo.reports.page import Section
from zoo.tasks.forecasting.baselines import batches, fit_baselines
from zoo.tasks.forecasting.figures import (
    Window,
    draw_autocorrelation,
    draw_calibration,
    draw_errors,
    draw_windows,
)
from zoo.tasks.forecasting.task import Forecasting, ForecastOutputs

LAGS = 40
SHOWN = (("good", 0.05), ("good", 0.15), ("median", 0.48), ("median", 0.52), ("bad", 0.95), ("worst", 1.0))
"""The drawn windows, by the share of windows with a smaller error."""

Values = Float[np.ndarray, "n h d"]


def sections(task: Forecasting, datamodule: SeriesData, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`; needs the outputs of a finished test."""
    outputs = task.test_outputs()
    scale = task.standardizer.scale[: task.out_channels].cpu().numpy()
    residuals = (outputs.target - outputs.value).numpy() / scale
    return [
        comparison(results, "rmse", folder),
        windows_section(task, datamodule, outputs, residuals, folder),
        horizon_section(datamodule, residuals, scale, folder),
        calibration_section(task, results["test"], folder),
        residual_section(residuals, datamodule.dataset("test"), folder),
    ]


def windows_section(
    task: Forecasting, datamodule: SeriesData, outputs: ForecastOutputs, residuals: Values, folder: Path
) -> Section:
    """Good, median and bad forecasts with the truth; of each window the channel with the largest error."""
    errors = np.sqrt((residuals**2).mean(1))
    order = errors.mean(1).argsort(kind="stable")
    drawn = []
    for name, share in SHOWN[: len(order)]:
        window = int(order[min(int(share * len(order)), len(order) - 1)])
        channel = int(errors[window].argmax())
        batch = datamodule.dataset("test")[torch.tensor([window])]
        target = str(task.card["targets"][channel])
        title = f"{name}: {target}" if task.out_channels > 1 else name
        lines = [part[window, :, channel].numpy() for part in (outputs.target, outputs.value, *outputs[1:3])]
        times = _times(datamodule, window, ahead=len(lines[0]))
        title = plain_text(title + _after(times, ahead=len(lines[0])), longest=44)
        drawn.append(Window(title, times, batch.history[0, :, channel].numpy(), *lines))
    text = (
        f"Examples from {len(order):,} test windows, sorted by error. The percentage is the share of windows with a "
        f"smaller error: {', '.join(f'{name} {share:.0%}' for name, share in SHOWN)}."
    )
    return Section("Forecasts and truth", text, [draw_windows(folder / "windows.png", drawn)])


def _times(datamodule: SeriesData, window: int, *, ahead: int) -> np.ndarray | None:
    """The times of a test window and of the steps ahead; None for data without times."""
    stamps = getattr(getattr(datamodule, "table", None), "stamps", None)
    if not isinstance(stamps, np.ndarray):
        return None
    windows = datamodule.dataset("test")
    start = int(windows.starts(torch.tensor([window]))[0])
    return stamps[start : start + windows.context + ahead]


def _after(times: np.ndarray | None, *, ahead: int) -> str:
    """The time of the last known value, for a title."""
    if times is None:
        return ""
    last = times[-ahead - 1]
    return f", after {np.datetime_as_string(last, unit='m') if last.dtype.kind == 'M' else last}".removesuffix("T00:00")


def horizon_section(datamodule: SeriesData, residuals: Values, scale: Float[np.ndarray, " d"], folder: Path) -> Section:
    """The error of each step ahead, for the model and the baselines."""
    errors = {"this model": np.sqrt((residuals**2).mean((0, 2)))}
    for name, forecaster in fit_baselines(datamodule).items():
        square = sum(
            (((forecaster(b.history) - b.future).numpy() / scale) ** 2).sum(0)
            for b in batches(datamodule.dataset("test"))
        )
        errors[name] = np.sqrt(np.asarray(square).mean(1) / len(residuals))
    steps = sorted({0, len(residuals[0]) // 4, len(residuals[0]) // 2, len(residuals[0]) - 1})
    table = [["steps ahead", *(str(step + 1) for step in steps)]]
    table += [[name, *(f"{values[step]:.4f}" for step in steps)] for name, values in errors.items()]
    text = "Root mean squared error in units of the standard deviation of the training split."
    several = residuals.shape[1] > 1
    figures = [draw_errors(folder / "horizon.png", errors, over="steps ahead")] if several else []
    return Section("Error of each step ahead", text, figures, table)


def calibration_section(task: Forecasting, test: Mapping[str, float], folder: Path) -> Section:
    """Coverage beside the nominal level, width of the intervals, and the calibration of the quantiles."""
    source = task.card.get("interval", {}).get("source", "not calibrated")
    text = (
        f"The {task.intervals.level:.0%} intervals ({source}) cover {test.get('coverage', float('nan')):.1%} of the "
        f"truth; their mean width is {test.get('width', float('nan')):.4g}. For calibrated quantiles all points lie on "
        f"the diagonal: 80 % of the truth lies below the 0.8 quantile."
    )
    if not task.test_calibration:
        return Section("Calibration of the intervals", text)
    figure = draw_calibration(folder / "calibration.png", task.test_calibration)
    return Section("Calibration of the intervals", text, [figure])


def residual_section(residuals: Values, windows: Windows, folder: Path) -> Section:
    """The autocorrelation of one-step errors: any that remains could still be forecast."""
    series = np.split(residuals[:, 0].mean(1), windows.numbers.ends[:-1].tolist())
    lags = min(LAGS, max(len(own) for own in series) - 2)
    if lags < 1 or np.concatenate(series).std() == 0:
        return Section("Residual autocorrelation", "There are too few windows for an estimate.")
    values, band = autocorrelation(series, lags)
    outside = int((np.abs(values) > band).sum())
    apart = "one step" if windows.stride == 1 else f"{windows.stride} steps"
    text = (
        f"Autocorrelation of the one-step errors of successive windows, {apart} apart"
        f"{', within each series' if len(series) > 1 else ''}. {outside} of {lags} lags lie outside the 95 % band of "
        f"uncorrelated errors; {0.05 * lags:.0f} are expected by chance."
    )
    figure = draw_autocorrelation(folder / "residuals.png", values, band)
    return Section("Residual autocorrelation", text, [figure])


def autocorrelation(
    series: Sequence[Float[np.ndarray, " _"]], lags: int
) -> tuple[Float[np.ndarray, " lags"], Float[np.ndarray, " lags"]]:
    """Autocorrelation at lags 1 … `lags`, and the 95 % bounds for independent values.

    Products pair values of the same series and are summed over all series, as statsmodels does for series with gaps.
    The mean is taken over all series, so a constant offset of one series counts as correlation.
    """
    center, n = np.concatenate(series).mean(), sum(len(own) for own in series)
    rest = [own - center for own in series]
    square = sum(float(own @ own) for own in rest)
    products = [sum(float(own[lag:] @ own[:-lag]) for own in rest) for lag in range(1, lags + 1)]
    pairs = [sum(max(len(own) - lag, 0) for own in rest) for lag in range(1, lags + 1)]
    return np.array(products) / square, 1.96 * np.sqrt(pairs) / n
