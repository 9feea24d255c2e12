"""The page of a backtest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.reports.page import Section, write_page
from zoo.tasks.forecasting.backtest_metrics import Backtest
from zoo.tasks.forecasting.figures import draw_errors

SURE = 0.05
ENOUGH = 10  # origins for each over which errors are correlated; with fewer the test is too sure of itself


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


def caution(found: Backtest) -> str:
    """What the test is made from, and whether that is enough."""
    text = f"The Diebold-Mariano test compares {found.tested} origins, whose errors are correlated over {found.lags}."
    if found.diebold_mariano and found.tested < ENOUGH * found.lags:
        text += f" With fewer than {ENOUGH * found.lags} it takes chance for a difference up to four times too often."
    return text


def write_backtest(found: Backtest, folder: Path, model: str, data: str, configuration: Mapping[str, Any]) -> Path:
    """Writes index.html and its figures below `folder`."""
    text = (
        f"{len(found.origins)} origins, the first at {found.origins[0]}, the last at {found.origins[-1]}. Errors are "
        f"in units of the standard deviation of the first training part. {caution(found)}"
    )
    folds = draw_errors(folder / "folds.png", found.by_fold, over="fold")
    steps = draw_errors(folder / "horizon.png", found.by_step, over="steps ahead")
    sections = [
        Section("Result", text, table=table(found)),
        Section("Error of each fold", figures=[folds]),
        Section("Error of each step ahead", figures=[steps]),
    ]
    return write_page(folder, f"Backtest of {model} on {data}", sections, configuration)
