"""Numbers for image files, with their intervals."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from zoo.csv_files import write_csv
from zoo.json_files import write_json
from zoo.prediction.contact_sheet import Caption, write_contact_sheet
from zoo.prediction.images import ImageSource, image_files, read_batches
from zoo.tasks.regression.image.task import ImageRegression
from zoo.tasks.regression.numbers import cells, finite


@dataclass(frozen=True, kw_only=True)
class ImageNumberPrediction:
    """The prediction for one image; an unreadable file has an error and no value."""

    path: ImageSource
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    """Bounds of the interval; None if it is unbounded."""
    error: str | None = None
    """Why the file could not be read."""

    def to_dict(self) -> dict[str, Any]:
        """The prediction as plain values, for JSON."""
        return asdict(self) | {"path": str(self.path)}


def predict(
    task: ImageRegression,
    source: Path | Sequence[ImageSource],
    folder: Path | None = None,
    *,
    batch_size: int = 64,
) -> list[ImageNumberPrediction]:
    """Predicts a number for an image file, or for all image files below a folder in the order of their names.

    With `folder`, writes predictions.csv, predictions.json and contact_sheet.png there. An unreadable file gives a
    result with an error.

    Raises:
        ZooError: the model was not trained here, or the source holds no images.
    """
    preprocessing = task.preprocessing()
    task.eval()
    results: list[ImageNumberPrediction] = []
    for batch in read_batches(image_files(source), preprocessing, batch_size):
        with torch.no_grad():
            outputs = task.outputs(preprocessing.normalize(batch.images.to(task.device)))
        rows = iter(torch.stack(outputs, 1).tolist())
        for path in batch.paths:
            if path in batch.errors:
                results.append(ImageNumberPrediction(path=path, error=batch.errors[path]))
                continue
            value, lower, upper = map(finite, next(rows))
            results.append(ImageNumberPrediction(path=path, value=value, lower=lower, upper=upper))
    if folder is not None:
        write(results, folder)
    return results


def write(results: Sequence[ImageNumberPrediction], folder: Path) -> None:
    """Writes predictions.csv, predictions.json and contact_sheet.png."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for result in results:
        numbers = cells((result.value, result.lower, result.upper))
        rows.append([str(result.path), *numbers, result.error or ""])
    write_csv(folder / "predictions.csv", ["path", "value", "lower", "upper", "error"], rows)
    write_json(folder / "predictions.json", [result.to_dict() for result in results])
    write_contact_sheet(folder / "contact_sheet.png", [_caption(result) for result in results])


def _caption(result: ImageNumberPrediction) -> Caption:
    if result.value is None:
        return Caption(result.path, "not readable", result.path.name, warning=True)
    between = "" if result.lower is None else f" ({result.lower:.4g} … {result.upper:.4g})"
    return Caption(result.path, f"{result.value:.4g}{between}", result.path.name)
