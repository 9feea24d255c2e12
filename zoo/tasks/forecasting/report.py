"""The report of a forecaster: beside the rules that it must beat, where it errs, and how sure it may be."""

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
from zoo.tasks.forecasting.baselines import batches, rules
from zoo.tasks.forecasting.figures import (
    draw_autocorrelation,
    draw_calibration,
    draw_errors,
    draw_windows,
)
from zoo.tasks.forecasting.task import Forecasting, ForecastOutputs

LAGS = 40
SHOWN = (("good", 0.05), ("good", 0.15), ("median", 0.48), ("median", 0.52), ("bad", 0.95), ("worst", 1.0))
"""Which windows are drawn, by the share of windows with a smaller error."""

Values = Float[np.ndarray, "n h d"]


def sections(task: Forecasting, datamodule: SeriesData, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Parts of the report, their figures saved in `folder`; the test split must have been measured by `task`."""
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
    """Forecasts over truth where they are good, middling and bad; the channel with the window's largest error."""
    errors = np.sqrt((residuals**2).mean(1))
    order = errors.mean(1).argsort(kind="stable")
    drawn = []
    for name, share in SHOWN[: len(order)]:
        window = int(order[min(int(share * len(order)), len(order) - 1)])
        channel = int(errors[window].argmax())
        batch = datamodule.dataset("test")[torch.tensor([window])]
        target = str(task.card["targets"][channel])
        title = plain_text(f"{name}: {target}" if task.out_channels > 1 else name)
        lines = [part[window, :, channel].numpy() for part in (outputs.target, outputs.value, *outputs[1:3])]
        drawn.append((title, batch.history[0, :, channel].numpy(), *lines))
    text = (
        f"Windows of the test split by their error: {', '.join(f'{name} ({share:.0%})' for name, share in SHOWN)} "
        f"of the windows are forecast better. {len(order):,} windows in all."
    )
    return Section("Forecasts over truth", text, [draw_windows(folder / "windows.png", drawn)])


def horizon_section(datamodule: SeriesData, residuals: Values, scale: Float[np.ndarray, " d"], folder: Path) -> Section:
    """The error of each step ahead, beside the simple rules."""
    errors = {"this model": np.sqrt((residuals**2).mean((0, 2)))}
    for name, rule in rules(datamodule).items():
        square = sum(
            (((rule(b.history) - b.future).numpy() / scale) ** 2).sum(0) for b in batches(datamodule.dataset("test"))
        )
        errors[name] = np.sqrt(np.asarray(square).mean(1) / len(residuals))
    steps = sorted({0, len(residuals[0]) // 4, len(residuals[0]) // 2, len(residuals[0]) - 1})
    table = [["steps ahead", *(str(step + 1) for step in steps)]]
    table += [[name, *(f"{values[step]:.4f}" for step in steps)] for name, values in errors.items()]
    figure = draw_errors(folder / "horizon.png", errors, over="steps ahead")
    text = "Root mean squared error in units of the training part's standard deviation."
    return Section("Error of each step ahead", text, [figure], table)


def calibration_section(task: Forecasting, test: Mapping[str, float], folder: Path) -> Section:
    """Whether the intervals hold what they promise."""
    how = task.intervals.source
    text = (
        f"Intervals, {how}, hold {test.get('coverage', float('nan')):.1%} of the truth; their mean width is "
        f"{test.get('width', float('nan')):.4g}. Each point should lie on the line: of a quantile of 0.8, 80 % of "
        f"the truth lies below."
    )
    if not task.test_calibration:
        return Section("Calibration of the intervals", text)
    figure = draw_calibration(folder / "calibration.png", task.test_calibration)
    return Section("Calibration of the intervals", text, [figure])


def residual_section(residuals: Values, windows: Windows, folder: Path) -> Section:
    """Whether the errors one step ahead still hold anything that could be forecast."""
    series = np.split(residuals[:, 0].mean(1), windows.numbers.ends[:-1].tolist())
    lags = min(LAGS, max(len(own) for own in series) - 2)
    if lags < 1 or np.concatenate(series).std() == 0:
        return Section("Residual autocorrelation", "There are too few windows to tell.")
    values, band = autocorrelation(series, lags)
    outside = int((np.abs(values) > band).sum())
    text = (
        f"Of the errors one step ahead of successive windows, {windows.stride} steps apart"
        f"{', within each series' if len(series) > 1 else ''}. Of {lags} lags, {outside} lie outside the band of "
        f"uncorrelated errors; by chance {0.05 * lags:.0f} would."
    )
    figure = draw_autocorrelation(folder / "residuals.png", values, band)
    return Section("Residual autocorrelation", text, [figure])


def autocorrelation(
    series: Sequence[Float[np.ndarray, " _"]], lags: int
) -> tuple[Float[np.ndarray, " lags"], Float[np.ndarray, " lags"]]:
    """Autocorrelation at lags 1 … `lags`, and the bounds within which 95 % of that of independent values lie.

    Products are of two values of the same series, and sums over all series, as statsmodels does with a gap in between.
    The mean is that of all: values of a series that keep to one side of it are correlated.
    """
    center, n = np.concatenate(series).mean(), sum(len(own) for own in series)
    rest = [own - center for own in series]
    square = sum(float(own @ own) for own in rest)
    products = [sum(float(own[lag:] @ own[:-lag]) for own in rest) for lag in range(1, lags + 1)]
    pairs = [sum(max(len(own) - lag, 0) for own in rest) for lag in range(1, lags + 1)]
    return np.array(products) / square, 1.96 * np.sqrt(pairs) / n
