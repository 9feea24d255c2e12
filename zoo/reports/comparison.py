"""A model beside its baselines on the same test split."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.reports.figures import COLORS, LINE, SOFT, drawing, plain_text
from zoo.reports.metric_names import meaning
from zoo.reports.page import Section
from zoo.reports.units import format_flops

_COLUMNS = 6


def comparison(results: Mapping[str, Any], metric: str, folder: Path) -> Section:
    """Compares the test metrics of `metrics.json` with the baselines in a table; draws `metric` as bars.

    A model has a column, or a row if there are many.
    """
    test, baselines = results["test"], results["baselines"]
    names = sorted((name for name in test if name != "loss"), key=lambda name: (name != metric, name))
    compared = {"this model": test, **baselines}
    cells = [[f"{values[name]:.4f}" if name in values else "–" for name in names] for values in compared.values()]
    meanings = [meaning(name) for name in names]
    if turned := len(compared) > _COLUMNS:
        rows = [["model", *names], *([model, *row] for model, row in zip(compared, cells, strict=True))]
    else:
        rows = [["metric", *compared, "what it is"], *map(list, zip(names, *cells, meanings, strict=True))]
    bars = {model: values[metric] for model, values in compared.items() if metric in values}
    figures = [draw_bars(folder / "baselines.png", metric, bars)] if len(bars) > 1 else []
    text = f"{run_summary(results)}\n\n{_split(results)}"
    if baselines:
        other = results.get("other_data") or results.get("split_change")
        which = "training split of this data" if other else "same training split"
        text += f" The baselines are fitted on the {which}."
    if results.get("better_baselines"):
        text += f" Better than this model: {', '.join(results['better_baselines'])}."
    if turned:
        text += "\n\n" + "; ".join(f"{name}: {what}" for name, what in zip(names, meanings, strict=True) if what) + "."
    return Section("Result", text, figures, rows)


def _split(results: Mapping[str, Any]) -> str:
    """What the test split is to the model."""
    if results.get("other_data"):
        return "The model was trained on other data, of which this report knows nothing."
    if changed := results.get("split_change"):
        return f"Warning: {changed}."
    return "The test split is used neither for training nor for model selection."


def run_summary(results: Mapping[str, Any]) -> str:
    """Size of the model, duration, device and throughput in one line."""
    parts = [
        f"{results['parameters']:,} parameters",
        f"{results['epochs']} epoch{'' if results['epochs'] == 1 else 's'} in {results['seconds']:,.0f} s",
        f"{results['device']} ({results['precision']})",
    ]
    if results.get("flops"):
        parts.insert(1, f"{format_flops(results['flops'])} a sample forward (2 per multiply-add)")
    if results["samples_per_second"]:
        parts.append(f"{results['samples_per_second']:,.0f} samples/s")
    if results.get("waiting_for_data") is not None:
        parts.append(f"{results['waiting_for_data']:.1%} of the time spent waiting for data")
    if results.get("memory_mb"):
        parts.append(f"{results['memory_mb']:,.0f} MB of GPU memory")
    if results.get("mfu"):
        parts.append(f"{results['mfu']:.1%} of the GPU's peak FLOPs")
    return " · ".join(parts)


def draw_bars(path: Path, metric: str, values: dict[str, float]) -> Path:
    """Draws one bar per model; the first is highlighted."""
    with drawing(path, width=7.5, height=0.7 + 0.42 * len(values)) as figure:
        axes = figure.add_subplot()
        positions = range(len(values))
        colors = [COLORS[0]] + ["#b8c0cc"] * (len(values) - 1)
        bars = axes.barh(positions, list(values.values()), height=0.62, color=colors)
        axes.bar_label(bars, [f"{value:.4g}" for value in values.values()], padding=5, color=SOFT)
        axes.set_yticks(positions, [plain_text(name, 48) for name in values])
        axes.set_xlabel(metric)
        axes.margins(x=0.12)
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_color(LINE)
    return path
