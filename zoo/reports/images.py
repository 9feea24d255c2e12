"""Images in figures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped
from matplotlib.axes import Axes
from torch import Tensor

from zoo.reports.figures import drawing, without_frame


def draw_images(path: Path, images: Sequence[Shaped[Tensor, "..."]], titles: Sequence[str]) -> Path:
    """Draws byte images [C H W], six per row, each below a title of at most two lines."""
    columns = min(6, max(len(images), 1))
    rows = -(-len(images) // columns)
    with drawing(path, width=1.46 * columns, height=1.85 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, image, title in zip(grid, images, titles, strict=False):
            show_image(axes, image)
            axes.set_title(title, fontsize=8.5, fontweight="normal", pad=4)
        for axes in grid[len(images) :]:
            axes.remove()
    return path


def show_image(axes: Axes, image: Shaped[Tensor, "..."]) -> None:
    """Shows a byte image [C H W] in gray or color; a volume [C D H W] as its maximum over the depth."""
    if image.ndim == 4:
        image = image.amax(1)
    shown: Float[np.ndarray, "h w *c"] = image.permute(1, 2, 0).numpy() / 255.0
    if shown.shape[2] != 3:
        shown = shown[..., 0]
    axes.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest" if len(shown) < 100 else "antialiased")
    without_frame(axes)
