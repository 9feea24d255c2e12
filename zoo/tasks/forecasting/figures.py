"""Figures of the report of a forecaster."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.dates import ConciseDateFormatter
from matplotlib.ticker import MaxNLocator

from zoo.reports.figures import COLORS, SOFT, drawing

Array = Float[np.ndarray, "..."]


class Window(NamedTuple):
    """A forecast and its truth, of one channel."""

    title: str
    times: np.ndarray | None
    """Of the history and the steps ahead; None: steps are counted from the last known value."""
    history: Array
    truth: Array
    forecast: Array
    lower: Array
    upper: Array


def draw_windows(path: Path, windows: Sequence[Window]) -> Path:
    """Draws forecasts and truth over time.

    Lines start at the last value of the history. A single step ahead is drawn as points with an error bar.
    """
    with drawing(path, width=9.6, height=1.0 + 2.3 * len(windows) / 2) as figure:
        panels = figure.subplots((len(windows) + 1) // 2, 2, squeeze=False).ravel()
        for axes, (title, times, history, truth, forecast, lower, upper) in zip(panels, windows, strict=False):
            over = np.arange(1 - len(history), len(truth) + 1) if times is None else times
            axes.plot(over[: len(history)], history, color=COLORS[7], label="history")
            ahead, line = over[len(history) - 1 :], "-"
            if len(truth) == 1:
                ahead, line = ahead[1:], "o"
                error = np.maximum([forecast - lower, upper - forecast], 0)
                axes.errorbar(ahead, forecast, error, color=COLORS[0], capsize=4, fmt="none", label="interval")
            else:
                truth, forecast, lower, upper = (np.append(history[-1], v) for v in (truth, forecast, lower, upper))
                axes.fill_between(ahead, lower, upper, color=COLORS[0], alpha=0.18, linewidth=0, label="interval")
            axes.plot(ahead, truth, line, color=COLORS[1], markersize=4, label="truth")
            axes.plot(ahead, forecast, line, color=COLORS[0], markersize=4, label="forecast")
            axes.set_title(title)
            if times is None:
                axes.set_xlabel("steps from the last known value")
            elif times.dtype.kind == "M":
                axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))
            else:
                axes.set_xlabel("time")
        for axes in panels[len(windows) :]:
            axes.remove()
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return path


def draw_errors(path: Path, errors: Mapping[str, Sequence[float] | Array], *, over: str) -> Path:
    """Draws errors over steps or folds (`over`, counted from 1), one line per forecaster; the first is the model."""
    with drawing(path, width=8.0, height=3.2) as figure:
        axes = figure.add_subplot()
        # the naive drift may run away and would flatten the others
        top = 1.15 * max(max(values) for name, values in errors.items() if name != "naive_drift")
        for color, (name, values) in zip(COLORS, errors.items(), strict=False):
            label = f"{name} (up to {max(values):.3g},\nbeyond the axis)" if max(values) > top else name
            marker = "o" if len(values) < 20 else None
            axes.plot(range(1, len(values) + 1), values, color=color, label=label, marker=marker, markersize=4)
        axes.set_ylim(0, top)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(over)
        axes.set_ylabel("RMSE, standardized")
        figure.legend(loc="outside right upper")
    return path


def draw_calibration(path: Path, calibration: Sequence[tuple[float, float]]) -> Path:
    """Draws the observed share of the truth below each quantile over its level."""
    with drawing(path, width=3.8, height=3.6) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=SOFT, linestyle=":", linewidth=1.3, label="perfectly calibrated")
        axes.plot(*zip(*calibration, strict=True), "o", color=COLORS[0], ms=4.5, label="this model")
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="quantile", ylabel="share of the truth below")
        axes.legend(loc="upper left")
    return path


def draw_autocorrelation(path: Path, autocorrelation: Array, band: Array) -> Path:
    """Draws the autocorrelation of residuals with the 95 % band of uncorrelated ones."""
    lags = np.arange(1, len(autocorrelation) + 1)
    with drawing(path, width=8.0, height=2.6) as figure:
        axes = figure.add_subplot()
        axes.fill_between(lags, -band, band, step="mid", color=SOFT, alpha=0.15, lw=0, label="no correlation (95 %)")
        axes.vlines(lags, 0, autocorrelation, color=COLORS[0])
        axes.plot(lags, autocorrelation, "o", color=COLORS[0], markersize=4)
        axes.axhline(0, color=SOFT, linewidth=0.8)
        axes.set_xlabel("lag, in windows")
        axes.set_ylabel("autocorrelation")
        axes.legend(loc="upper right")
    return path
