"""What a report of a classifier draws, from probabilities, labels and class names."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, Shaped
from matplotlib.axes import Axes
from torch import Tensor

from zoo.reports.figures import COLOURS, SOFT, drawing, plain_text, without_frame
from zoo.tasks.classification.measures import CalibrationBins

NUMBERED_UP_TO = 20  # classes, for numbers in the cells of a confusion matrix
NAMED_UP_TO = 50  # classes, for names beside it


def draw_confusion(path: Path, matrix: Int[np.ndarray, "k k"], class_names: Sequence[str]) -> Path:
    """Draw a confusion matrix, its rows (true classes) coloured by their share of each prediction."""
    count = len(class_names)
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    side = min(max(3.2, 1.6 + 0.42 * count), 8.2)
    with drawing(path, width=side + 0.6, height=side) as figure:
        axes = figure.add_subplot()
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        axes.grid(False)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        if count <= NAMED_UP_TO:
            names = [plain_text(name, 18) for name in class_names]
            crowded = max(map(len, names)) > (12 if count <= 3 else 3)
            axes.set_xticks(range(count), names, rotation=90 if crowded else 0)
            axes.set_yticks(range(count), names)
        if count <= NUMBERED_UP_TO:
            for row, column in zip(*np.nonzero(matrix), strict=True):
                colour = "white" if shares[row, column] > 0.55 else COLOURS[0]
                axes.text(column, row, str(matrix[row, column]), ha="center", va="center", color=colour, size=8)
        bar = figure.colorbar(image, ax=axes, shrink=0.7, label="share of the true class")
        bar.outline.set_visible(False)
    return path


def draw_calibration(path: Path, bins: CalibrationBins) -> Path:
    """Draw how often the network is right at each confidence, and how often it is that confident."""
    edges, width = bins.edges, float(bins.edges[1] - bins.edges[0])
    used = bins.images > 0
    with drawing(path, width=8.4, height=3.5) as figure:
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], [0, 1], color=SOFT, linestyle=":", linewidth=1.3, label="perfectly calibrated")
        starts = edges[:-1][used]
        left.bar(starts, bins.accuracy[used], width * 0.92, align="edge", color=COLOURS[0], alpha=0.35)
        left.plot(bins.confidence[used], bins.accuracy[used], "o", color=COLOURS[0], ms=4.5, label="this model")
        left.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="confidence", ylabel="share that is right")
        left.set_title("Reliability")
        left.legend(loc="upper left")
        right.bar(edges[:-1], bins.images / max(bins.images.sum(), 1), width * 0.92, align="edge", color=COLOURS[0])
        right.set(xlim=(0, 1), xlabel="confidence", ylabel="share of the images")
        right.set_title("How confident it is")
    return path


def draw_pictures(path: Path, pictures: Sequence[Shaped[Tensor, "..."]], titles: Sequence[str]) -> Path:
    """Draw images [C H W] of bytes, six in a row, each under its title of at most two lines."""
    columns = min(6, max(len(pictures), 1))
    rows = -(-len(pictures) // columns)
    with drawing(path, width=1.46 * columns, height=1.85 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, picture, title in zip(grid, pictures, titles, strict=False):
            show_picture(axes, picture)
            axes.set_title(title, fontsize=8.5, fontweight="normal", pad=4)
        for axes in grid[len(pictures) :]:
            axes.remove()
    return path


def show_picture(axes: Axes, picture: Shaped[Tensor, "..."]) -> None:
    """Show bytes [C H W] in grey or colour; of a volume [C D H W] the brightest along its depth."""
    if picture.ndim == 4:
        picture = picture.amax(1)
    shown: Float[np.ndarray, "h w *c"] = picture.permute(1, 2, 0).numpy() / 255.0
    if shown.shape[2] != 3:
        shown = shown[..., 0]
    axes.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest" if len(shown) < 100 else "antialiased")
    without_frame(axes)
