"""Numbers for the rows of a file, with their intervals."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from zoo.csv_files import write_csv
from zoo.json_files import write_json
from zoo.tasks.regression.numbers import cells, finite
from zoo.tasks.regression.table.task import TableRegression


@dataclass(frozen=True, kw_only=True)
class NumberPrediction:
    """The prediction for one row; a row that cannot be read has an error and no value."""

    row: int
    """From 1, without the header."""
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    """Bounds of the interval; None if it is unbounded."""
    error: str | None = None
    """Why the row cannot be read."""


def predict(
    task: TableRegression, source: Any, folder: Path | None = None, *, batch_size: int = 1024
) -> list[NumberPrediction]:
    """Predicts a number for each row of a CSV, Parquet or `.npy` file, or of a data frame.

    With `folder`, writes predictions.csv and predictions.json there.

    Raises:
        ZooError: an unreadable file, a missing column, or no row.
    """
    rows = task.read_rows(source)
    with torch.no_grad():
        parts = [torch.stack(task.outputs(part.to(task.device)), 1).cpu() for part in rows.inputs.split(batch_size)]
    results = [
        NumberPrediction(row=number + 1, error=rows.errors[number])
        if number in rows.errors
        else NumberPrediction(row=number + 1, value=value, lower=finite(lower), upper=finite(upper))
        for number, (value, lower, upper) in enumerate(torch.cat(parts).tolist())
    ]
    if folder is not None:
        write(results, folder)
    return results


def write(results: list[NumberPrediction], folder: Path) -> None:
    """Writes predictions.csv and predictions.json."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for result in results:
        rows.append([result.row, *cells((result.value, result.lower, result.upper)), result.error or ""])
    write_csv(folder / "predictions.csv", ["row", "value", "lower", "upper", "error"], rows)
    write_json(folder / "predictions.json", [asdict(result) for result in results])
