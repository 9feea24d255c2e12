"""Coefficients of linear models of a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from zoo.reports.figures import COLORS, drawing, plain_text
from zoo.reports.page import Section

_SHOWN = 20


def coefficients_section(
    coefficients: Mapping[str, Float[np.ndarray, "k f"]],
    deviations: Float[np.ndarray, " f"],
    names: Sequence[str],
    unit: str,
    folder: Path,
) -> Section:
    """The largest coefficients of each model, times the standard deviations of the inputs.

    With several classes, the root of the sum of their squares over the classes. `unit` is what a coefficient changes.
    """
    classes = len(next(iter(coefficients.values())))
    coefficients = {model: values * deviations for model, values in coefficients.items()}
    sizes = {
        model: values[0] if classes == 1 else np.sqrt((values**2).sum(0)) for model, values in coefficients.items()
    }
    order = np.argsort(-np.abs(np.stack([*sizes.values()])).max(0), kind="stable")[:_SHOWN]
    table = [["input", *sizes]]
    for place in order:
        table.append([names[place], *(f"{values[place]:.4g}" for values in sizes.values())])
    path = folder / "coefficients.png"
    with drawing(path, width=7.5, height=0.9 + 0.32 * len(order)) as figure:
        axes = figure.add_subplot()
        height = 0.8 / len(sizes)
        for number, (model, values) in enumerate(sizes.items()):
            axes.barh(
                np.arange(len(order)) + (number - 1) * height, values[order], height, label=model, color=COLORS[number]
            )
        axes.set_yticks(range(len(order)), [plain_text(names[place], 32) for place in order])
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.set_xlabel(unit)
        axes.legend()
    text = (
        f"How much {unit} changes with one standard deviation of each input, all others fixed. A "
        "category has an input of 0 or 1 for each of its values."
    )
    if classes > 1:
        text += f" The root of the sum of squares over {classes} classes is shown."
    zero = {model: int((values == 0).sum()) for model, values in sizes.items() if (values == 0).any()}
    for model, count in zero.items():
        text += f" The {model} leaves out {count} of {len(names)} inputs."
    return Section("Linear models", text, [path], table)
