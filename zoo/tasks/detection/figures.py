"""Figures of the report of a detector."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.data.base import BatchDataset
from zoo.data.detection.drawing import COLORS, draw_boxes
from zoo.ops.anchors import Shapes
from zoo.reports.figures import COLORS as LINES
from zoo.reports.figures import SOFT, color_cycle, drawing, plain_text, without_frame

_NAMED_CURVES = 12
_POINTS = 2000  # boxes at most in the figure of the anchors
_AROUND = 1.2  # half the side of the shown region, relative to the side of the box

_STYLES = ("-", "--", ":", "-.")  # of curves beyond the number of colors
Curve = tuple[Float[Tensor, " n"], Float[Tensor, " n"]]


class Mistake(NamedTuple):
    """A false or missed detection in a test image; figures show the largest `weight` first."""

    image_index: int
    box: Float[Tensor, "4"]
    caption: str
    weight: float


def draw_curves(path: Path, curves: Mapping[str, Curve], point: tuple[float, float]) -> Path:
    """Draws the precision-recall curve of each class, and the operating point over all classes."""
    with drawing(path, width=6.8, height=4.2) as figure:
        axes = figure.add_subplot()
        color_cycle(axes)
        for i, (name, (recall, precision)) in enumerate(curves.items()):
            label = plain_text(name) if i < _NAMED_CURVES else None
            style = _STYLES[i // len(COLORS) % len(_STYLES)]
            axes.plot(recall.tolist(), precision.tolist(), style, label=label, linewidth=1.4)
        axes.plot(*point, "o", color="black", ms=7, label="operating point, all classes")
        axes.set(xlim=(0, 1.01), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
        axes.legend(loc="lower left", ncols=2)
    return path


def draw_anchors(path: Path, anchors: Shapes, sizes: Float[Tensor, "n 2"]) -> Path:
    """Draws the sizes of the training boxes as points and the anchors as rectangles."""
    shown = sizes[:_POINTS]
    with drawing(path, width=4.6, height=4.6) as figure:
        axes = figure.add_subplot()
        axes.plot(shown[:, 0].tolist(), shown[:, 1].tolist(), ".", color=SOFT, alpha=0.35, ms=3, label="training boxes")
        for i, (width, height) in enumerate(anchors):
            label = "anchors" if i == 0 else None
            axes.plot([width, width, 0], [0, height, height], color=LINES[0], linewidth=1.2, label=label)
        axes.set(xlabel="width in pixels", ylabel="height in pixels", xlim=(0, None), ylim=(0, None))
        axes.legend(loc="upper right")
    return path


def draw_mistakes(path: Path, mistakes: Sequence[Mistake], images: BatchDataset) -> Path:
    """Draws the region around each mistake, six per row."""
    columns = min(6, len(mistakes))
    rows = -(-len(mistakes) // columns)
    with drawing(path, width=1.46 * columns, height=1.8 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, mistake in zip(grid, mistakes, strict=False):
            image = images[torch.tensor([mistake.image_index])][0][0]
            x1, y1, x2, y2 = mistake.box.tolist()
            side = max(x2 - x1, y2 - y1, 8) * _AROUND
            drawn = draw_boxes(image, mistake.box[None], [""], [COLORS[-1]], enlarge=max(1, 480 // image.shape[-1]))
            scale = drawn.width / image.shape[-1]
            x, y = (x1 + x2) / 2, (y1 + y2) / 2
            axes.imshow(drawn)
            axes.set_xlim(max((x - side) * scale, 0), min((x + side) * scale, drawn.width))
            axes.set_ylim(min((y + side) * scale, drawn.height), max((y - side) * scale, 0))
            axes.set_title(plain_text(mistake.caption), fontsize=8.5, fontweight="normal", pad=3)
            without_frame(axes)
        for axes in grid[len(mistakes) :]:
            axes.remove()
    return path
