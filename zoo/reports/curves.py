"""Learning curves from the metrics that a run logged."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from zoo.reports.figures import COLORS, drawing
from zoo.reports.page import Section

Series = list[tuple[float, float]]
COLUMNS = 3
STAGES = {"train": COLORS[1], "val": COLORS[0]}


def learning_curves(run_dir: Path, folder: Path) -> list[Section]:
    """Plots each metric of `run_dir/metrics.csv` over the epochs, for training and validation.

    Returns no section if nothing was logged, as for a model without parameters.
    """
    path = run_dir / "metrics.csv"
    logged = read_metrics(path) if path.is_file() else {}
    constant = {name: values[0] for name, stages in logged.items() if len(set(values := _values(stages))) == 1}
    constant = {name: value for name, value in constant.items() if len(_values(logged[name])) > 2}
    panels = {name: stages for name, stages in logged.items() if name not in constant}
    if not panels:
        return []
    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure_path = folder / "learning_curves.png"
    with drawing(figure_path, width=2.9 * columns, height=2.4 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, (name, stages) in zip(grid, panels.items(), strict=False):
            _panel(axes, name, stages)
        for axes in grid[len(panels) :]:
            axes.remove()
    text = "Training and validation metrics of each epoch."
    if constant:
        text += f" Constant: {', '.join(f'{name} {value:.4g}' for name, value in constant.items())}."
    return [Section("Learning curves", text, [figure_path])]


def read_metrics(path: Path) -> dict[str, dict[str, Series]]:
    """Reads Lightning's `metrics.csv` as `{metric: {stage: [(epoch, value), …]}}`, the loss first.

    Reads `train/NAME` and `val/NAME` only. Keeps the last value of an epoch and drops non-finite values.
    """
    found: dict[str, dict[str, dict[float, float]]] = {}
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            for key, text in row.items():
                stage, _, name = (key or "").partition("/")
                if stage in STAGES and name and text and row.get("epoch"):
                    found.setdefault(name, {}).setdefault(stage, {})[float(row["epoch"])] = float(text)
    names = sorted(found, key=lambda name: (name != "loss", "train" not in found[name], name))
    return {name: {stage: _finite(found[name][stage]) for stage in STAGES if stage in found[name]} for name in names}


def _values(stages: Mapping[str, Series]) -> list[float]:
    return [value for series in stages.values() for _, value in series]


def _finite(series: dict[float, float]) -> Series:
    return [(epoch, value) for epoch, value in sorted(series.items()) if math.isfinite(value)]


def _panel(axes: Axes, name: str, stages: Mapping[str, Series]) -> None:
    axes.set_title(name)
    for stage, series in stages.items():
        marker = "o" if len(series) == 1 else None  # a line through one point is invisible
        x, y = [epoch + 1 for epoch, _ in series], [value for _, value in series]  # from 1, as in the progress bar
        axes.plot(x, y, color=STAGES[stage], label=stage, marker=marker)
    values = _values(stages)
    if name == "loss" and values and min(values) > 0 and max(values) > 20 * min(values):
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlabel("epoch")
    axes.legend()
