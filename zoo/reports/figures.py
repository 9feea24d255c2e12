"""Style and saving of all figures."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLORS = ("#2f6fde", "#e8843c", "#3a9d6e", "#b3508f", "#8a6fd1", "#c2a227", "#4aa3b5", "#7d8590")
"""Safe for color-blind readers if used in this order; the first one marks the model."""
DPI = 144
INK, SOFT, LINE = "#1d2330", "#667085", "#e4e7ec"

_STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": "#c5cad3",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlepad": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 1.9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "savefig.dpi": DPI,
}


@contextmanager
def drawing(path: Path, *, width: float, height: float) -> Iterator[Figure]:
    """Yields an empty styled figure of `width` x `height` inches and saves it as PNG at the end.

    Works without pyplot, and so without a global figure, a display or the user's backend.
    """
    with rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # a box is drawn instead
        warnings.filterwarnings("ignore", message="Creating legend with loc")  # by the clock: a busy machine is enough
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="png")


def plain_text(text: str, longest: int = 24) -> str:
    """Returns `text` as a label: one line, dollar signs escaped, the middle of a long text cut out."""
    line = " ".join(text.split())
    if len(line) > longest:
        half = (longest - 1) // 2
        line = f"{line[:half]}…{line[-half:]}"
    return line.replace("$", r"\$")


def color_cycle(axes: Axes) -> None:
    """Uses the project's colors for the next lines of `axes`."""
    axes.set_prop_cycle(color=list(COLORS))


def without_frame(axes: Axes) -> None:
    """Removes ticks, grid and frame of `axes`, as for an image."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
