"""A model beside its baselines on the same test split."""

from collections.abc import Mapping
from pathlib import Path

from zoo.reports.figures import COLOURS, LINE, SOFT, drawing, plain_text
from zoo.reports.page import Section


def comparison(
    test: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]], metric: str, folder: Path
) -> Section:
    """Set the model's test metrics beside those of simple rules; `metric` chooses the one that is drawn."""
    names = [name for name in test if not name.startswith("loss")]
    names.sort(key=lambda name: (name != metric, name))
    rows = [["", *names]]
    for who, values in {"this model": test, **baselines}.items():
        rows.append([who, *(f"{values[name]:.4f}" if name in values else "–" for name in names)])
    drawn = {"this model": test, **baselines}
    bars = {who: values[metric] for who, values in drawn.items() if metric in values}
    figures = [draw_bars(folder / "baselines.png", metric, bars)] if len(bars) > 1 else []
    text = "Measured on the test split, which took no part in training or in the choice of the checkpoint."
    if baselines:
        text += " The simple rules beside the model were fitted on the same training split."
    return Section("Result", text, figures, rows)


def draw_bars(path: Path, metric: str, values: dict[str, float]) -> Path:
    """Draw one bar for each name, the first in the model's colour."""
    with drawing(path, width=7.5, height=0.7 + 0.42 * len(values)) as figure:
        axes = figure.add_subplot()
        positions = range(len(values))
        colours = [COLOURS[0]] + ["#b8c0cc"] * (len(values) - 1)
        bars = axes.barh(positions, list(values.values()), height=0.62, color=colours)
        axes.bar_label(bars, [f"{value:.4g}" for value in values.values()], padding=5, color=SOFT)
        axes.set_yticks(positions, [plain_text(name) for name in values])
        axes.set_xlabel(metric)
        axes.margins(x=0.12)
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_color(LINE)
    return path
