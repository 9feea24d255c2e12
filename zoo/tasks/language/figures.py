"""Figures of a language model: attention maps, and the loss beside its baselines."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxtyping import Float
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from zoo.reports.curves import Series
from zoo.reports.figures import COLORS, SOFT, drawing, plain_text

_TOKEN = 10  # characters of a token beside a map
_TITLE = 0.5  # inches


def draw_attention(path: Path, maps: Float[Tensor, "n t t"], tokens: Sequence[str]) -> Path:
    """Draws the attention of each head, from each token (row) to each token (column)."""
    names = [plain_text(token, _TOKEN) for token in tokens]
    side = 0.9 + 0.19 * len(tokens)  # of a map with its labels, below a title
    columns = min(len(maps), 2)
    rows = -(-len(maps) // columns)
    with drawing(path, width=columns * side, height=rows * (side + _TITLE)) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for number, (axes, values) in enumerate(zip(grid, maps, strict=False), 1):
            axes.imshow(values.numpy(), cmap="Blues", vmin=0, interpolation="nearest")
            axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
            axes.set_yticks(range(len(names)), names, fontsize=7)
            axes.set_title(f"head {number}")
            axes.grid(False)
        for axes in grid[len(maps) :]:
            axes.remove()
    return path


def draw_loss(path: Path, losses: Series, levels: Mapping[str, float]) -> Path:
    """Draws the masked loss in validation over the epochs, and other losses as horizontal lines."""
    with drawing(path, width=9.5, height=3.4) as figure:
        axes = figure.add_subplot()
        epochs, values = [epoch + 1 for epoch, _ in losses], [value for _, value in losses]
        axes.plot(
            epochs, values, color=COLORS[0], label="this model, validation", marker="o" if len(losses) == 1 else None
        )
        for color, (name, level) in zip(COLORS[1:], levels.items(), strict=False):
            axes.axhline(level, color=color, linestyle="--", linewidth=1.2, label=f"{name}, {level:.2f}")
        axes.set(xlabel="epoch", ylabel="masked loss in nats")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), labelcolor=SOFT)
    return path
