"""A model beside its baselines on the same test split."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.reports.figures import COLOURS, LINE, SOFT, drawing, plain_text
from zoo.reports.page import Section
from zoo.reports.units import format_flops


def comparison(results: Mapping[str, Any], metric: str, folder: Path) -> Section:
    """Set the test metrics of `metrics.json` beside those of simple rules; `metric` is the one that is drawn."""
    test, baselines = results["test"], results["baselines"]
    names = sorted((name for name in test if name != "loss"), key=lambda name: (name != metric, name))
    everyone = {"this model": test, **baselines}
    rows = [["", *names]]
    for who, values in everyone.items():
        rows.append([who, *(f"{values[name]:.4f}" if name in values else "–" for name in names)])
    bars = {who: values[metric] for who, values in everyone.items() if metric in values}
    figures = [draw_bars(folder / "baselines.png", metric, bars)] if len(bars) > 1 else []
    text = f"{cost(results)}\n\nMeasured on the test split, which took no part in training or model choice."
    if baselines:
        text += " The simple rules beside the model were fitted on the same training split."
    if results.get("better_baselines"):
        text += f" Better than this model: {', '.join(results['better_baselines'])}."
    return Section("Result", text, figures, rows)


def cost(results: Mapping[str, Any]) -> str:
    """What the run took, in one line."""
    parts = [
        f"{results['parameters']:,} parameters",
        f"{results['epochs']} epochs in {results['seconds']:,.0f} s",
        f"{results['device']} ({results['precision']})",
    ]
    if results.get("flops"):
        parts.insert(1, f"{format_flops(results['flops'])} a sample forward (2 for a multiply-add)")
    if results["samples_per_second"]:
        parts.append(f"{results['samples_per_second']:,.0f} samples/s")
    if results.get("waiting_for_data") is not None:
        parts.append(f"{results['waiting_for_data']:.1%} of the time waiting for data")
    if results.get("memory_mb"):
        parts.append(f"{results['memory_mb']:,.0f} MB of GPU memory")
    if results.get("mfu"):
        parts.append(f"{results['mfu']:.1%} of the GPU's peak FLOPs")
    return " · ".join(parts)


def draw_bars(path: Path, metric: str, values: dict[str, float]) -> Path:
    """Draw one bar for each name, the first in the model's colour."""
    with drawing(path, width=7.5, height=0.7 + 0.42 * len(values)) as figure:
        axes = figure.add_subplot()
        positions = range(len(values))
        colours = [COLOURS[0]] + ["#b8c0cc"] * (len(values) - 1)
        bars = axes.barh(positions, list(values.values()), height=0.62, color=colours)
        axes.bar_label(bars, [f"{value:.4g}" for value in values.values()], padding=5, color=SOFT)
        axes.set_yticks(positions, [plain_text(name, 48) for name in values])
        axes.set_xlabel(metric)
        axes.margins(x=0.12)
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_color(LINE)
    return path
