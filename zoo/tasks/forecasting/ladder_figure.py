"""The chart of a ladder of models."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

from zoo.reports.figures import COLORS, SOFT, drawing, plain_text


def draw_ladder(
    path: Path,
    metric: str,
    values: Mapping[str, Sequence[float]],
    published: Mapping[str, float],
    floor: float | None,
) -> Path:
    """Draws one bar per model, with the range over its seeds and a mark at the published value."""
    with drawing(path, width=8.0, height=1.1 + 0.42 * len(values)) as figure:
        axes = figure.add_subplot()
        means = [mean(seeds) for seeds in values.values()]
        below = [middle - min(seeds) for middle, seeds in zip(means, values.values(), strict=True)]
        above = [max(seeds) - middle for middle, seeds in zip(means, values.values(), strict=True)]
        positions = range(len(values))
        bars = axes.barh(positions, means, xerr=[below, above], height=0.6, color=COLORS[0], ecolor=SOFT, capsize=3)
        axes.bar_label(bars, [f"{middle:.4g}" for middle in means], padding=8, color=SOFT)
        marks = [(published[name], place) for place, name in enumerate(values) if name in published]
        if marks:
            axes.plot(*zip(*marks, strict=True), "D", color=COLORS[1], markersize=6, label="published")
        if floor is not None:
            axes.axvline(floor, color=COLORS[2], linestyle=":", label="best possible")
        if marks or floor is not None:
            axes.legend(loc="lower right")
        axes.set_yticks(positions, [plain_text(name) for name in values])
        axes.invert_yaxis()
        axes.margins(x=0.14)
        axes.set_xlabel(metric)
        axes.grid(False, axis="y")
    return path
