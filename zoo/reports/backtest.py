"""The page of a backtest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.metrics.backtest import Backtest
from zoo.reports.figures import COLOURS, drawing, plain_text
from zoo.reports.forecasting_figures import draw_horizon
from zoo.reports.page import Section, write_page

SURE = 0.05


def table(found: Backtest) -> list[list[str]]:
    """One row for the model and each rule, under a heading."""
    rows = [["", "RMSE", "MAE", "Diebold-Mariano", "p", "in words"]]
    for name, rmse in found.rmse.items():
        row = [name, f"{rmse:.4f}", f"{found.mae[name]:.4f}"]
        if name in found.diebold_mariano:
            test = found.diebold_mariano[name]
            row += [f"{test.statistic:.2f}", f"{test.p_value:.3f}", verdict(test.statistic, test.p_value)]
        elif len(rows) > 1:  # the first is the model itself
            row += ["–", "–", "too few origins to tell"]
        rows.append(row + ["–"] * (6 - len(row)))
    return rows


def verdict(statistic: float, p_value: float) -> str:
    """Who is better, if anyone."""
    if p_value >= SURE:
        return "no difference that could not be chance"
    return "the model is better" if statistic < 0 else "the model is worse"


def write_backtest(found: Backtest, folder: Path, model: str, data: str, configuration: Mapping[str, Any]) -> Path:
    """Writes index.html and its figures below `folder`."""
    text = (
        f"{len(found.origins)} origins, the first at {found.origins[0]}, the last at {found.origins[-1]}. Errors are "
        f"in units of the standard deviation of the first training part."
    )
    steps = {name: np.array(values) for name, values in found.by_step.items()}
    sections = [
        Section("Result", text, table=table(found)),
        Section("Error of each fold", figures=[_draw_folds(folder / "folds.png", found)]),
        Section("Error of each step ahead", figures=[draw_horizon(folder / "horizon.png", steps)]),
    ]
    return write_page(folder, f"Backtest of {model} on {data}", sections, configuration)


def _draw_folds(path: Path, found: Backtest) -> Path:
    with drawing(path, width=8.0, height=3.2) as figure:
        axes = figure.add_subplot()
        for colour, (name, values) in zip(COLOURS, found.by_fold.items(), strict=False):
            axes.plot(range(1, len(values) + 1), values, "o-", color=colour, label=plain_text(name), markersize=4)
        highest = max(max(values) for name, values in found.by_fold.items() if name != "last2")
        axes.set_ylim(0, 1.3 * highest)
        axes.set_xticks(range(1, len(found.origins) + 1))
        axes.set_xlabel("fold")
        axes.set_ylabel("RMSE, standardised")
        axes.legend()
    return path
