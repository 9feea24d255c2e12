"""A confusion matrix as a figure."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int

from zoo.reports.figures import INK, drawing, plain_text

NUMBERED_UP_TO = 20  # classes; larger matrices show colors without counts
NAMED_UP_TO = 50  # classes; larger matrices show no class names


def draw_confusion(path: Path, matrix: Int[np.ndarray, "k k"], class_names: Sequence[str]) -> Path:
    """Draws a confusion matrix; colors show the share of each prediction within its row (true class)."""
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
                color = "white" if shares[row, column] > 0.55 else INK
                axes.text(column, row, str(matrix[row, column]), ha="center", va="center", color=color, size=8)
        bar = figure.colorbar(image, ax=axes, shrink=0.7, label="share of the true class")
        bar.outline.set_visible(False)
    return path
