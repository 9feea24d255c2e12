"""Classification of files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.csv_files import write_csv
from zoo.json_files import write_json
from zoo.prediction.contact_sheet import Caption
from zoo.prediction.images import ImageSource
from zoo.tasks.classification import Classification
from zoo.tasks.classification.inputs import inputs_of
from zoo.tasks.classification.inputs.images import Images
from zoo.tasks.classification.tta import CROPS, requested_views, with_margin

BEST = 5


@dataclass(frozen=True)
class ClassPrediction:
    """The prediction for one file; an unreadable file has an error and no label."""

    path: ImageSource
    label: str | None = None
    probability: float | None = None
    top5: tuple[tuple[str, float], ...] = ()
    """The five most probable labels with their probabilities, best first; fewer if there are fewer classes."""
    error: str | None = None
    """Why the file could not be read."""
    probabilities: dict[str, float] | None = None
    """The probability of each class, in their order, if requested."""

    def to_dict(self) -> dict[str, Any]:
        """The prediction as plain values, for JSON; with `probabilities` only if they were requested."""
        more = {} if self.probabilities is None else {"probabilities": self.probabilities}
        return more | {
            "path": str(self.path),
            "label": self.label,
            "probability": self.probability,
            "top5": [{"label": label, "probability": value} for label, value in self.top5],
            "error": self.error,
        }


def predict(
    task: Classification,
    source: Path | Sequence[ImageSource],
    folder: Path | None = None,
    *,
    batch_size: int = 64,
    tta: str | Sequence[str] | None = None,
    probabilities: bool = False,
) -> list[ClassPrediction]:
    """Classifies a file, or all files of the model's kind below a folder in the order of their names.

    With `folder`, writes predictions.csv, predictions.json and contact_sheet.png there. An unreadable file gives a
    result with an error. `tta` averages the probabilities over test-time augmentations (`zoo.ops.tta.VIEWS`).
    `probabilities` adds those of all classes to the results and the files.

    Raises:
        ZooError: the model was not trained here, the folder holds no such files, or a view is unknown.
    """
    names = [str(name) for name in task.card.get("class_names", range(task.num_classes))]
    inputs, views, size = inputs_of(task.card), requested_views(tta, task.card), 0
    batches = inputs.read(source, batch_size)
    if views:
        images = Images(task.card)
        preprocessing = images.preprocessing()
        size = preprocessing.size
        batches = images.read(source, batch_size, with_margin(preprocessing) if CROPS in views else preprocessing)
    task.eval()
    results: list[ClassPrediction] = []
    for batch in batches:
        rows = iter(_probabilities(task, inputs.normalize(batch.samples.to(task.device)), views, size))
        for path in batch.paths:
            if path in batch.errors:
                results.append(ClassPrediction(path, error=batch.errors[path]))
            else:
                results.append(_result(path, next(rows), names, probabilities))
    if folder is not None:
        write(results, folder, names if probabilities else [])
        inputs.write_sheet(folder, [_caption(result) for result in results])
    return results


def write(results: list[ClassPrediction], folder: Path, classes: Sequence[str] = ()) -> None:
    """Writes predictions.csv, with a column for each of `classes`, and predictions.json."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for result in results:
        best = "; ".join(f"{label} {value:.6f}" for label, value in result.top5)
        probability = "" if result.probability is None else f"{result.probability:.6f}"
        each = [f"{result.probabilities[name]:.6f}" if result.probabilities else "" for name in classes]
        rows.append([str(result.path), result.label or "", probability, best, result.error or "", *each])
    columns = ["path", "label", "probability", "top5", "error", *(f"probability of {name}" for name in classes)]
    write_csv(folder / "predictions.csv", columns, rows)
    write_json(folder / "predictions.json", [result.to_dict() for result in results])


@torch.inference_mode()
def _probabilities(
    task: Classification, images: Float[Tensor, "b c *size"], views: Sequence[str], size: int
) -> Float[Tensor, "b k"]:
    if len(images) == 0:
        return torch.empty(0, task.num_classes)
    return (task.average_views(images, views, size).softmax(1) if views else task.predict_step(images)).cpu()


def _result(path: ImageSource, probabilities: Float[Tensor, " k"], names: list[str], with_all: bool) -> ClassPrediction:
    values, indices = probabilities.topk(min(BEST, len(names)))
    top5 = tuple((names[index], value) for index, value in zip(indices.tolist(), values.tolist(), strict=True))
    each = dict(zip(names, probabilities.tolist(), strict=True)) if with_all else None
    return ClassPrediction(path, top5[0][0], top5[0][1], top5, probabilities=each)


def _caption(result: ClassPrediction) -> Caption:
    if result.error is not None:
        return Caption(result.path, "not readable", result.path.name, warning=True)
    return Caption(result.path, f"{result.label} · {result.probability:.1%}", result.path.name)
