"""Figures of style transfer: images of any aspect side by side."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from zoo.data.style.pictures import to_bytes
from zoo.reports.figures import drawing, without_frame
from zoo.reports.images import as_array

_COLUMNS = 4
_WIDTH = 2.35  # inches of an image


def draw_pictures(path: Path, pictures: Sequence[Tensor], titles: Sequence[str], columns: int = _COLUMNS) -> Path:
    """Draws images [1 3 H W] in [0, 1], four per row, each below its title."""
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    tallest = max(min(picture.shape[-2] / picture.shape[-1], 1.5) for picture in pictures)
    with drawing(path, width=_WIDTH * columns, height=(_WIDTH * tallest + 0.35) * rows) as figure:
        grid = np.ravel(figure.subplots(rows, columns, squeeze=False))
        for axes, picture, title in zip(grid, pictures, titles, strict=False):
            axes.imshow(as_array(to_bytes(picture)), interpolation="antialiased")
            axes.set_title(title, fontsize=9, fontweight="normal", pad=4)
        for axes in grid:
            without_frame(axes)
    return path
