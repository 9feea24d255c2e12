"""Forecasts as CSV, JSON and figures."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from zoo.csv_files import write_csv
from zoo.json_files import write_json
from zoo.reports.figures import COLORS, drawing, plain_text

Stamp = str | int | float
_FIGURES = 20  # series at most
_PANELS = 20  # targets at most


@dataclass(frozen=True, kw_only=True)
class SeriesForecast:
    """The forecast of one series, in the units of the data."""

    series: str
    """The name of the series; empty if the file holds a single one."""
    targets: list[str]
    stamps: list[Stamp]
    """The steps ahead, as ISO 8601 times or numbers."""
    values: list[list[float]]
    """One row per step, one value per target."""
    lower: list[list[float | None]]
    """Lower bounds of the interval; None if the model was never validated."""
    upper: list[list[float | None]]
    history: list[list[float]]
    """The past steps that the network reads."""
    history_stamps: list[Stamp]


def write_forecasts(results: Sequence[SeriesForecast], folder: Path, series: str | None, time: str) -> None:
    """Writes predictions.csv, predictions.json, and figures of the first 20 series.

    `series` and `time` are the names of the columns of the series and of the time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{name}{part}" for name in results[0].targets for part in ("", "_lower", "_upper")]
    rows = []
    for result in results:
        for step, stamp in enumerate(result.stamps):
            cells = zip(result.values[step], result.lower[step], result.upper[step], strict=True)
            row = ["" if cell is None else cell for triple in cells for cell in triple]
            rows.append([*([result.series] if series else []), stamp, *row])
    write_csv(folder / "predictions.csv", [*([series] if series else []), time, *names], rows)
    write_json(folder / "predictions.json", [asdict(result) for result in results])
    for number, result in enumerate(results[:_FIGURES]):
        safe = re.sub(r"[^\w-]+", "_", result.series)[:60]
        draw_forecast(folder / (f"forecast_{number}_{safe}.png" if result.series else "forecast.png"), result)


def draw_forecast(path: Path, result: SeriesForecast) -> Path:
    """Draws the history, the forecast and its interval, one panel per target."""
    count = min(len(result.targets), _PANELS)
    past, ahead = _axis(result.history_stamps), _axis(result.stamps)
    with drawing(path, width=8.5, height=0.6 + 2.4 * count) as figure:
        panels = figure.subplots(count, 1, squeeze=False, sharex=True).ravel()
        for index, (axes, name) in enumerate(zip(panels, result.targets[:count], strict=True)):
            history = [row[index] for row in result.history]
            values = [row[index] for row in result.values]
            bounds = [(low[index], up[index]) for low, up in zip(result.lower, result.upper, strict=True)]
            measured = [k for k, (low, _) in enumerate(bounds) if low is not None]
            axes.plot(past, history, color=COLORS[7], label="history")
            axes.plot([past[-1], *ahead], [history[-1], *values], color=COLORS[0], label="forecast")
            if measured:
                axes.fill_between(
                    [ahead[k] for k in measured],
                    [bounds[k][0] for k in measured],
                    [bounds[k][1] for k in measured],
                    color=COLORS[0],
                    alpha=0.18,
                    linewidth=0,
                    label="interval",
                )
            axes.set_title(plain_text(f"{result.series} {name}".strip()))
        panels[0].legend(loc="best")
    return path


def _axis(stamps: Sequence[Any]) -> list[Any]:
    return [datetime.fromisoformat(s) if isinstance(s, str) else s for s in stamps]
