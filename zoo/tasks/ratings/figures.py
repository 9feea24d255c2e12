"""Figures of the report of a ratings model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from zoo.reports.figures import COLORS, SOFT, drawing, plain_text


def draw_errors(path: Path, groups: Mapping[str, Sequence[tuple[str, float, int]]], error: str) -> Path:
    """Draws the error of each group of counts, one panel for users and one for items."""
    with drawing(path, width=8.5, height=3.2) as figure:
        panels = figure.subplots(1, len(groups), squeeze=False, sharey=True).ravel()
        for axes, (name, values) in zip(panels, groups.items(), strict=True):
            axes.bar(range(len(values)), [value for _, value, _ in values], color=COLORS[0], width=0.7)
            axes.set_xticks(range(len(values)), [label for label, *_ in values], rotation=45, ha="right")
            axes.set_xlabel(f"training ratings of the {name}")
            axes.grid(False, axis="x")
        panels[0].set_ylabel(error)
    return path


def draw_calibration(path: Path, points: Sequence[tuple[float, float]]) -> Path:
    """Draws mean ratings over mean predictions."""
    with drawing(path, width=4.2, height=3.8) as figure:
        axes = figure.add_subplot()
        low, high = min(map(min, points)), max(map(max, points))
        axes.plot([low, high], [low, high], color=SOFT, linewidth=1)
        axes.plot([x for x, _ in points], [y for _, y in points], "o-", color=COLORS[0])
        axes.set(xlabel="mean prediction", ylabel="mean rating")
    return path


def draw_floor(path: Path, values: Sequence[tuple[float, float]], floor: float, metric: str) -> Path:
    """Draws a metric of validation over the epochs, and its floor."""
    with drawing(path, width=6, height=3.2) as figure:
        axes = figure.add_subplot()
        axes.plot([epoch + 1 for epoch, _ in values], [value for _, value in values], color=COLORS[0], label="val")
        axes.axhline(floor, color=COLORS[1], linestyle="--", label="noise floor")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.set(xlabel="epoch", ylabel=metric)
        axes.legend()
    return path


def draw_items(path: Path, places: np.ndarray, means: np.ndarray, counts: np.ndarray, names: Mapping[int, str]) -> Path:
    """Draws items at `places` [n 2] with a color by mean rating and an area by number of ratings."""
    with drawing(path, width=7, height=5) as figure:
        axes = figure.add_subplot()
        areas = 4 + 60 * counts / max(counts.max(), 1)
        points = axes.scatter(places[:, 0], places[:, 1], c=means, s=areas, cmap="viridis", alpha=0.7, linewidths=0)
        figure.colorbar(points, ax=axes, label="mean rating")
        for item, name in names.items():
            text = axes.annotate(plain_text(name), places[item], xytext=(4, 4), textcoords="offset points", fontsize=9)
            text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
        axes.set(xlabel="first component", ylabel="second component")
    return path
