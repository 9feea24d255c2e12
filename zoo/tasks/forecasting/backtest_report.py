"""The report of a backtest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.reports.page import Section, write_page
from zoo.tasks.forecasting.backtest_metrics import Backtest
from zoo.tasks.forecasting.figures import draw_errors

SIGNIFICANCE = 0.05
ORIGINS_PER_LAG = 10  # with fewer origins per correlated lag the test rejects too often
_UNIT = "Errors are in units of the standard deviation of the first training split."


def table(found: Backtest) -> list[list[str]]:
    """A header and one row for the model and each baseline."""
    rows = [["", "RMSE", "MAE", "Diebold-Mariano", "p", "verdict"]]
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
    """Whether the model is significantly better or worse."""
    if p_value >= SIGNIFICANCE:
        return "no significant difference"
    return "the model is better" if statistic < 0 else "the model is worse"


def caution(found: Backtest) -> str:
    """The unit of the errors and the number of origins in the test, with a warning if there are too few."""
    text = f"{_UNIT} The Diebold-Mariano test compares {found.tested} origins; errors correlate over {found.lags}."
    if found.diebold_mariano and found.tested < ORIGINS_PER_LAG * found.lags:
        text += (
            f" With fewer than {ORIGINS_PER_LAG * found.lags} origins false positives are up to 4 times as frequent."
        )
    return text


def write_backtest(found: Backtest, folder: Path, model: str, data: str, configuration: Mapping[str, Any]) -> Path:
    """Writes index.html and its figures to `folder`."""
    text = f"{len(found.origins)} origins, from {found.origins[0]} to {found.origins[-1]}. {caution(found)}"
    folds = draw_errors(folder / "folds.png", found.by_fold, over="fold")
    steps = draw_errors(folder / "horizon.png", found.by_step, over="steps ahead")
    sections = [
        Section("Result", text, table=table(found)),
        Section("Error of each fold", figures=[folds]),
        Section("Error of each step ahead", figures=[steps]),
    ]
    return write_page(folder, f"Backtest of {model} on {data}", sections, configuration)
