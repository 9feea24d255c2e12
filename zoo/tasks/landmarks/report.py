"""The report of a landmark model: errors of each point, their distribution, good, median and worst images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from zoo.data.base import BatchDataset
from zoo.data.landmarks.base import PointData
from zoo.reports.comparison import comparison
from zoo.reports.page import Section
from zoo.tasks.landmarks import Landmarks
from zoo.tasks.landmarks.figures import Case, Shape, draw_cases, draw_errors
from zoo.tasks.landmarks.metrics import LIMIT, normalized_distances
from zoo.tasks.landmarks.task import LandmarkOutputs

_SHOWN = 6  # images of a kind
_TRAINED = 12


def sections(task: Landmarks, datamodule: PointData, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`; needs the outputs of a finished test."""
    found = task.test_outputs()
    test = datamodule.dataset("test")
    truth = {name: values[: len(found.points)] for name, values in test.target.items()}
    shown: Bool[Tensor, "n k"] = truth["visible"] & truth["present"][:, None]
    distances = normalized_distances(found.points, truth["points"], truth["size"])
    means = torch.where(shown, distances, 0.0).sum(1) / shown.sum(1).clamp(min=1)
    usable = torch.nonzero(shown.any(1))[:, 0]
    order = usable[means[usable].argsort()]
    return [
        comparison(results, "iou" if task.points_are_box else "nme", folder),
        _points(distances, shown, datamodule),
        _distribution(means[order], folder),
        _examples(found, truth, means, order, datamodule, folder),
        _training(datamodule, folder),
    ]


def _points(distances: Float[Tensor, "n k"], shown: Bool[Tensor, "n k"], datamodule: PointData) -> Section:
    table = [["point", "mean error", "median error", "within 0.1", "visible"]]
    for name, column, mask in zip(datamodule.layout.names, distances.T, shown.T, strict=True):
        errors = column[mask]
        if not len(errors):
            table.append([name, "–", "–", "–", "0"])
            continue
        near = f"{float((errors <= LIMIT).float().mean()):.1%}"
        table.append([name, f"{float(errors.mean()):.4f}", f"{float(errors.median()):.4f}", near, f"{len(errors):,}"])
    text = f"Errors are distances relative to the size of the object: {datamodule.size_meaning}."
    return Section("Points", text, [], table)


def _distribution(errors: Float[Tensor, " n"], folder: Path) -> Section:
    text = (
        f"Mean errors of the images, in rising order. Beyond {LIMIT} (dashed) an image counts as a failure; "
        "`ced_auc` is the area under the curve up to there, relative to a perfect model."
    )
    return Section("Cumulative errors", text, [draw_errors(folder / "cumulative_errors.png", errors)])


def _examples(
    found: LandmarkOutputs,
    truth: Mapping[str, Tensor],
    means: Float[Tensor, " n"],
    order: Tensor,
    datamodule: PointData,
    folder: Path,
) -> Section:
    middle = max((len(order) - _SHOWN) // 2, 0)
    chosen = {
        "best": order[:_SHOWN],
        "median": order[middle : middle + _SHOWN],
        "worst": order[-_SHOWN:].flip(0),
    }
    figures = []
    for kind, indices in chosen.items():
        images, _ = datamodule.dataset("test")[indices]
        cases = []
        for image, index in zip(images, indices.tolist(), strict=True):
            mask = truth["visible"][index]
            label = _label(found, truth, index, datamodule.layout.class_names)
            predicted = Shape(found.points[index], torch.ones_like(mask))
            cases.append(
                Case(image, Shape(truth["points"][index], mask), predicted, f"{float(means[index]):.3f}{label}")
            )
        path = folder / f"{kind}.png"
        figures.append(draw_cases(path, cases, datamodule.layout.skeleton, box=datamodule.layout.box))
    title = "the mean error" if len(datamodule.layout.class_names) < 2 else "the mean error · the predicted class"
    text = (
        "The best, the median and the worst test images by mean error: true points in white, predicted ones in color, "
        f"and {title} above each image."
    )
    return Section("Test images", text, figures)


def _label(found: LandmarkOutputs, truth: Mapping[str, Tensor], index: int, names: Sequence[str]) -> str:
    """The class of an image as predicted, and the true one where they differ; empty for a single class."""
    if len(names) < 2:
        return ""
    predicted, true = int(found.classes[index].argmax()), int(truth["labels"][index])
    return f" · {names[predicted]}" if predicted == true else f" · {names[predicted]}, not {names[true]}"


def _training(datamodule: PointData, folder: Path) -> Section:
    dataset: BatchDataset = datamodule.dataset("train")
    with torch.random.fork_rng(devices=[]):  # leaves the generator of training as it was
        torch.manual_seed(datamodule.seed)
        images, target = datamodule.augment(dataset[torch.arange(min(_TRAINED, len(dataset)))])
    if images.is_floating_point():
        images = (images * 255).round().clamp(0, 255).to(torch.uint8)
    cases = [
        Case(image, Shape(points, visible), None, "")
        for image, points, visible in zip(images, target["points"], target["visible"], strict=True)
    ]
    path = draw_cases(folder / "training_images.png", cases, datamodule.layout.skeleton, box=datamodule.layout.box)
    how = "augmented" if datamodule.augments else "without augmentation"
    return Section("Training images", f"As the network sees them, {how}, with the true points.", [path])
