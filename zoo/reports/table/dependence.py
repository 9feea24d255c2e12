"""Partial dependence: the mean prediction as one column changes."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from zoo.data.table.columns import Column
from zoo.reports.figures import COLORS, LINE, drawing, plain_text
from zoo.reports.page import Section

SHOWN = 4
_POINTS = 20
MOST_ROWS = 500
"""Training rows whose mean is drawn."""
_LINES = 40

Inputs = Float[np.ndarray, "n f"]
Respond = Callable[[Inputs], Float[np.ndarray, " n"]]


def dependence_section(
    respond: Respond, rows: Inputs, columns: Sequence[tuple[Column, int]], what: str, folder: Path
) -> Section | None:
    """The mean response `what` between the 2nd and 98th percentile of each column, given with the place of its input.

    `rows` are drawn at random from the training part. Thin lines are single rows. None without a column.

    Source: Friedman, "Greedy Function Approximation", 2001.
    """
    if not columns:
        return None
    path = folder / "dependence.png"
    with drawing(path, width=2.6 * len(columns) + 0.4, height=2.9) as figure:
        panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for axes, (column, place) in zip(panels, columns, strict=True):
            grid, responses = _responses(respond, rows, place)
            shown = grid * column.scale + column.center
            for line in responses.T[:: -(-len(rows) // _LINES)]:
                axes.plot(shown, line, color=LINE, linewidth=0.7)
            axes.plot(shown, responses.mean(1), color=COLORS[0])
            axes.set_xlabel(plain_text(column.name, 24))
            if column.kind == "date":  # days since 1970, as matplotlib counts them
                places = AutoDateLocator(minticks=2, maxticks=5)
                axes.xaxis.set_major_locator(places)
                axes.xaxis.set_major_formatter(ConciseDateFormatter(places))
        panels[0].set_ylabel(plain_text(what, 40))
    text = (
        f"The mean of {what} over {len(rows)} training rows, drawn at random, whose column is set to each value in "
        "turn; thin lines are single rows. These are the columns that matter most. Where columns depend on each other, "
        "the curve shows rows that never occur."
    )
    return Section("Partial dependence", text, [path])


def _responses(respond: Respond, rows: Inputs, place: int) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.percentile(rows[:, place], [2, 98])
    grid = np.linspace(low, high, _POINTS)
    responses = []
    for value in grid:
        changed = rows.copy()
        changed[:, place] = value
        responses.append(respond(changed))
    return grid, np.stack(responses)
