"""The report of a classifier: what it gets right, what it confuses, how far its confidence can be trusted."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from zoo.data.base import DataModule
from zoo.reports.comparison import comparison
from zoo.reports.confusion import draw_confusion
from zoo.reports.figures import plain_text
from zoo.reports.network_sections import filters_section, training_images_section
from zoo.reports.page import Section
from zoo.reports.pictures import draw_pictures
from zoo.tasks.classification import Classification
from zoo.tasks.classification.calibration_figure import draw_calibration
from zoo.tasks.classification.metrics import (
    calibration,
    class_scores,
    confident_mistakes,
    confused_pairs,
    confusion_matrix,
)

MISTAKES = 12
PAIRS = 10

Probabilities = Float[np.ndarray, "n k"]
Labels = Int[np.ndarray, " n"]


def sections(task: Classification, datamodule: DataModule, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Parts of the report, their figures saved in `folder`; the test split must have been measured by `task`."""
    outputs = task.test_outputs()
    probabilities, labels = outputs.probabilities.numpy(), outputs.labels.numpy()
    names = [str(name) for name in task.card["class_names"]]
    test = datamodule.dataset("test")
    views = [training_images_section(datamodule, folder), filters_section(task.network, folder)]
    return [
        comparison(results, "accuracy", folder),
        confusion_section(probabilities, labels, names, folder),
        class_section(probabilities, labels, names),
        calibration_section(probabilities, labels, folder),
        mistakes_section(probabilities, labels, names, test, folder),
        *(view for view in views if view is not None),
    ]


def confusion_section(
    probabilities: Probabilities, labels: Labels, class_names: Sequence[str], folder: Path
) -> Section:
    """Which classes are taken for which."""
    matrix = confusion_matrix(probabilities, labels)
    table = [["true", "taken for", "images"]]
    for true, predicted, count in confused_pairs(matrix, PAIRS):
        table.append([class_names[true], class_names[predicted], str(count)])
    right = int(np.diag(matrix).sum())
    text = f"{right:,} of {len(labels):,} test images are on the diagonal, where they belong."
    if len(table) > 1:
        text += " Below, the pairs that are confused most often."
    figure = draw_confusion(folder / "confusion_matrix.png", matrix, class_names)
    return Section("Confusion matrix", text, [figure], table if len(table) > 1 else None)


def class_section(probabilities: Probabilities, labels: Labels, class_names: Sequence[str]) -> Section:
    """How well each class is recognized."""
    scores = class_scores(confusion_matrix(probabilities, labels))
    table = [["class", "precision", "recall", "F1", "images"]]
    for row in zip(class_names, *scores, strict=True):
        table.append([row[0], *("–" if np.isnan(value) else f"{value:.3f}" for value in row[1:4]), str(row[4])])
    text = (
        "Precision: of the images that were given this label, the share that deserved it. Recall: of the images "
        "of this class, the share that was found. F1 is their harmonic mean."
    )
    return Section("Classes", text, [], table)


def calibration_section(probabilities: Probabilities, labels: Labels, folder: Path) -> Section:
    """How far the confidence can be trusted."""
    bins = calibration(probabilities, labels)
    used = bins.images > 0
    trust = float(np.average(bins.confidence[used] - bins.accuracy[used], weights=bins.images[used]))
    manner = "It is more confident than right." if trust > 0 else "It is right more often than it is confident."
    text = (
        f"Expected calibration error {bins.expected_error():.4f}: the mean distance between how confident the model "
        f"is and how often it is right. {manner}"
    )
    return Section("Calibration", text, [draw_calibration(folder / "calibration.png", bins)])


def mistakes_section(
    probabilities: Probabilities, labels: Labels, class_names: Sequence[str], images: Any, folder: Path
) -> Section:
    """Mistakes made with the highest confidence, as pictures; `images` is the test split."""
    worst = confident_mistakes(probabilities, labels, MISTAKES)
    if len(worst) == 0:
        return Section("Most confident mistakes", "No test image was taken for another class.")
    titles = []
    for index in worst:
        said = int(probabilities[index].argmax())
        true, confidence = class_names[labels[index]], probabilities[index, said]
        titles.append(f"{plain_text(class_names[said], 16)} ({confidence:.0%})\nis {plain_text(true, 18)}")
    pictures = as_bytes(images[torch.from_numpy(worst)][0])
    figure = draw_pictures(folder / "mistakes.png", list(pictures), titles)
    text = (
        "Above each picture what the model said, with its confidence, and below that the label in the data set. "
        "Some may turn out to be mistakes of the labels."
    )
    return Section("Most confident mistakes", text, [figure])


def as_bytes(images: Tensor) -> Tensor:
    """Images as bytes to look at; floats are stretched from their lowest to their highest value."""
    if not images.is_floating_point():
        return images.cpu()
    low, high = images.amin(), images.amax()
    return ((images - low) / (high - low).clamp_min(1e-12) * 255).to(torch.uint8).cpu()
