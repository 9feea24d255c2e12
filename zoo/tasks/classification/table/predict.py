"""Classification of the rows of a file."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.csv_files import write_csv
from zoo.json_files import write_json
from zoo.tasks.classification.table.task import TableClassification


@dataclass(frozen=True, kw_only=True)
class RowPrediction:
    """The prediction for one row; a row that cannot be read has an error and no label."""

    row: int
    """From 1, without the header."""
    label: str | None = None
    probability: float | None = None
    probabilities: dict[str, float] | None = None
    """The probability of each class."""
    error: str | None = None
    """Why the row cannot be read."""


def predict(
    task: TableClassification, source: Any, folder: Path | None = None, *, batch_size: int = 1024
) -> list[RowPrediction]:
    """Classifies each row of a CSV, Parquet or `.npy` file, or of a data frame.

    With `folder`, writes predictions.csv and predictions.json there.

    Raises:
        ZooError: an unreadable file, a missing column, or no row.
    """
    rows, names = task.read_rows(source), task.target().class_names or []
    parts = [task.predict_step(part.to(task.device).float()).cpu() for part in rows.inputs.split(batch_size)]
    probabilities = torch.cat(parts)
    results = [
        RowPrediction(row=number + 1, error=rows.errors[number])
        if number in rows.errors
        else _result(number + 1, values, names)
        for number, values in enumerate(probabilities)
    ]
    if folder is not None:
        write(results, folder, names)
    return results


def write(results: list[RowPrediction], folder: Path, names: list[str]) -> None:
    """Writes predictions.csv and predictions.json."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for result in results:
        given = result.probabilities
        each = [f"{given[name]:.6f}" if given else "" for name in names]
        best = "" if result.probability is None else f"{result.probability:.6f}"
        rows.append([result.row, result.label or "", best, result.error or "", *each])
    columns = ["row", "label", "probability", "error", *(f"probability of {name}" for name in names)]
    write_csv(folder / "predictions.csv", columns, rows)
    write_json(folder / "predictions.json", [asdict(result) for result in results])


def _result(row: int, probabilities: Float[Tensor, " k"], names: list[str]) -> RowPrediction:
    values = probabilities.tolist()
    best = int(probabilities.argmax())
    each = dict(zip(names, values, strict=True))
    return RowPrediction(row=row, label=names[best], probability=values[best], probabilities=each)
