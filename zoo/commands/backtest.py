"""`zoo-backtest`: rolling-origin evaluation of a forecaster."""

from typing import Any

from zoo.commands.launch import launch, run_directory


def main() -> None:
    """The entry point of `zoo-backtest` and `scripts/backtest.py`."""
    launch("backtest", _backtest)


def _backtest(values: dict[str, Any]) -> None:
    from zoo.config.compose import choices

    run_dir, chosen = run_directory(), choices()

    from zoo.run.backtest import backtest  # imports torch: after the configuration is composed
    from zoo.tasks.forecasting.backtest_report import caution, table, write_backtest

    found = backtest(values, run_dir, model=chosen["model"], data=chosen["data"])
    rows = table(found)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(caution(found))
    print(f"report: {write_backtest(found, run_dir, chosen['model'], chosen['data'], values)}")
