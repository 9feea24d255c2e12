"""Images in figures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.patches import Rectangle
from torch import Tensor

from zoo.reports.figures import LINE, drawing, without_frame

_SIDE = 0.94  # of a cell's width: the longer side of its image


def draw_images(path: Path, images: Sequence[Shaped[Tensor, "..."]], titles: Sequence[str]) -> Path:
    """Draws byte images [C H W], six per row, each below a title of at most two lines."""
    columns = min(6, max(len(images), 1))
    rows = -(-len(images) // columns)
    with drawing(path, width=1.46 * columns, height=1.85 * rows) as figure:
        image_grid(figure, [as_array(image) for image in images], titles, columns=columns, row_height=1.85 / 1.46)
    return path


def image_grid(
    figure: FigureBase,
    images: Sequence[Float[np.ndarray, "..."]],
    titles: Sequence[str],
    *,
    columns: int,
    row_height: float,
) -> None:
    """Draws images [H W] or [H W 3] of values in [0, 1] in a grid, each below its title.

    `row_height` is in units of a column's width. All images share one `Axes`: with one for each, laying out their
    ticks took most of the time of a report.
    """
    axes = figure.add_subplot()
    for i, (image, title) in enumerate(zip(images, titles, strict=True)):
        row, column = divmod(i, columns)
        height, width = (_SIDE * side / max(image.shape[:2]) for side in image.shape[:2])
        center, bottom = column + 0.5, (row + 1) * row_height
        extent = (center - width / 2, center + width / 2, bottom, bottom - height)
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation=_interpolation(image), extent=extent)
        axes.add_patch(
            Rectangle((extent[0], bottom - height), width, height, fill=False, edgecolor=LINE, linewidth=0.8)
        )
        axes.text(center, bottom - height - 0.03, title, fontsize=8.5, ha="center", va="bottom")
    axes.set(xlim=(0, columns), ylim=(-(-len(images) // columns) * row_height, 0))
    axes.set_axis_off()


def as_array(image: Shaped[Tensor, "..."]) -> Float[np.ndarray, "h w *c"]:
    """Converts a byte image [C H W] to gray or color values in [0, 1]; a volume [C D H W] to its maximum over depth."""
    if image.ndim == 4:
        image = image.amax(1)
    values: Float[np.ndarray, "h w c"] = image.permute(1, 2, 0).numpy() / 255.0
    return values if values.shape[2] == 3 else values[..., 0]


def show_image(axes: Axes, image: Shaped[Tensor, "..."]) -> None:
    """Shows a byte image [C H W] or the maximum of a volume [C D H W] over depth, in gray or color."""
    values = as_array(image)
    axes.imshow(values, cmap="gray", vmin=0, vmax=1, interpolation=_interpolation(values))
    without_frame(axes)


def _interpolation(image: Float[np.ndarray, "h w *c"]) -> str:
    return "nearest" if len(image) < 100 else "antialiased"
