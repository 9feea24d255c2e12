"""Figures of the report of a landmark model."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from torch import Tensor

from zoo.reports.figures import COLORS, SOFT, drawing, plain_text
from zoo.reports.images import show_image
from zoo.tasks.landmarks.metrics import LIMIT

_COLUMNS = 6


class Shape(NamedTuple):
    """The points of one image as fractions, and which of them are drawn."""

    points: Float[Tensor, "k 2"]
    visible: Bool[Tensor, " k"]


class Case(NamedTuple):
    """An image with its true points and, where there are some, the predicted ones."""

    image: Tensor
    truth: Shape
    predicted: Shape | None
    title: str


def draw_cases(path: Path, cases: Sequence[Case], lines: Sequence[tuple[int, int]], *, box: bool) -> Path:
    """Draws images with true points in white and predicted ones in color, joined by `lines`; or their boxes."""
    columns = min(_COLUMNS, max(len(cases), 1))
    rows = max(-(-len(cases) // columns), 1)
    with drawing(path, width=1.6 * columns, height=1.85 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, case in zip(grid, cases, strict=False):
            show_image(axes, case.image)
            size = case.image.shape[-1]
            _draw_shape(axes, case.truth, lines, size=size, marker="o", color="white", box=box)
            if case.predicted is not None:
                _draw_shape(axes, case.predicted, lines, size=size, marker="x", color=COLORS[1], box=box)
            axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
            axes.set_title(plain_text(case.title), fontsize=8.5, fontweight="normal", pad=3)
        for axes in grid[len(cases) :]:
            axes.remove()
    return path


def _draw_shape(
    axes: Axes, shape: Shape, lines: Sequence[tuple[int, int]], *, size: int, marker: str, color: str, box: bool
) -> None:
    places, visible = (shape.points * size - 0.5).tolist(), shape.visible.tolist()
    if box and all(visible):
        (x1, y1), (x2, y2) = places
        axes.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], color=color, linewidth=1.4)
        return
    for a, b in lines:
        if visible[a] and visible[b]:
            (x1, y1), (x2, y2) = places[a], places[b]
            axes.plot([x1, x2], [y1, y2], color=color, linewidth=0.9, alpha=0.8)
    drawn = [place for place, seen in zip(places, visible, strict=True) if seen]
    axes.plot([x for x, _ in drawn], [y for _, y in drawn], marker, color=color, ms=4, mfc="none", linestyle="none")


def draw_errors(path: Path, errors: Float[Tensor, " n"]) -> Path:
    """Draws the cumulative distribution of the mean errors of images, with the limit of a failure."""
    ordered = np.sort(errors.numpy())
    with drawing(path, width=6.8, height=3.4) as figure:
        axes = figure.add_subplot()
        axes.plot(ordered, np.arange(1, len(ordered) + 1) / max(len(ordered), 1), color=COLORS[0])
        axes.axvline(LIMIT, color=SOFT, linewidth=1, linestyle="--")
        limit = max(2.5 * LIMIT, float(np.quantile(ordered, 0.9)) if len(ordered) else LIMIT)
        axes.set(xlim=(0, limit), ylim=(0, 1.02), xlabel="mean error of an image", ylabel="share of images")
    return path
