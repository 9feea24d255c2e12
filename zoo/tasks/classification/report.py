"""The report of a classifier: baselines, confusions, scores of each class, calibration, worst mistakes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int

from zoo.data.base import DataModule
from zoo.data.sample_names import NamedSamples, sample_name
from zoo.reports.comparison import comparison
from zoo.reports.confusion import draw_confusion
from zoo.reports.figures import plain_text
from zoo.reports.network_sections import training_images_section
from zoo.reports.page import Section
from zoo.tasks.classification import Classification
from zoo.tasks.classification.calibration_figure import draw_calibration
from zoo.tasks.classification.inputs import Inputs, inputs_of
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
    """Returns the sections and saves their figures in `folder`; needs the outputs of a finished test."""
    outputs = task.test_outputs()
    probabilities, labels = outputs.probabilities.numpy(), outputs.labels.numpy()
    names = [str(name) for name in task.card["class_names"]]
    test = datamodule.dataset("test")
    inputs = inputs_of(task.card)
    training = training_images_section(datamodule, folder)
    return [
        comparison(results, "accuracy", folder),
        *([Section("Data", "\n\n".join(datamodule.notes))] if datamodule.notes else []),
        confusion_section(probabilities, labels, names, folder, samples=inputs.noun),
        class_section(probabilities, labels, names, samples=inputs.noun),
        calibration_section(probabilities, labels, folder, samples=inputs.noun),
        mistakes_section(probabilities, labels, names, test, inputs, folder),
        *([] if training is None else [training]),
        *inputs.network_sections(task.network, folder),
    ]


def confusion_section(
    probabilities: Probabilities, labels: Labels, class_names: Sequence[str], folder: Path, *, samples: str = "images"
) -> Section:
    """The confusion matrix and the most frequent confusions; `samples` is what is classified."""
    matrix = confusion_matrix(probabilities, labels)
    table = [["true class", "predicted class", samples]]
    for true, predicted, count in confused_pairs(matrix, PAIRS):
        table.append([class_names[true], class_names[predicted], str(count)])
    correct = int(np.diag(matrix).sum())
    text = f"{correct:,} of {len(labels):,} test {samples} are classified correctly (the diagonal)."
    if len(table) > 1:
        text += " The table lists the most frequent confusions."
    figure = draw_confusion(folder / "confusion_matrix.png", matrix, class_names)
    return Section("Confusion matrix", text, [figure], table if len(table) > 1 else None)


def class_section(
    probabilities: Probabilities, labels: Labels, class_names: Sequence[str], *, samples: str = "images"
) -> Section:
    """Precision, recall and F1 of each class."""
    scores = class_scores(confusion_matrix(probabilities, labels))
    table = [["class", "precision", "recall", "F1", samples]]
    for row in zip(class_names, *scores, strict=True):
        table.append([row[0], *("–" if np.isnan(value) else f"{value:.3f}" for value in row[1:4]), str(row[4])])
    text = (
        f"Precision is the share of the {samples} predicted as a class that belong to it. Recall is the share of the "
        f"{samples} of a class that are predicted as it. F1 is the harmonic mean of both."
    )
    return Section("Classes", text, [], table)


def calibration_section(
    probabilities: Probabilities, labels: Labels, folder: Path, *, samples: str = "images"
) -> Section:
    """The expected calibration error and the reliability diagram."""
    bins = calibration(probabilities, labels)
    used = bins.images > 0
    excess = float(np.average(bins.confidence[used] - bins.accuracy[used], weights=bins.images[used]))
    tendency = "overconfident" if excess > 0 else "underconfident"
    text = (
        f"The expected calibration error is {bins.expected_error():.4f}: the mean difference between confidence and "
        f"accuracy. On average the model is {tendency}."
    )
    return Section("Calibration", text, [draw_calibration(folder / "calibration.png", bins, samples)])


def mistakes_section(
    probabilities: Probabilities, labels: Labels, class_names: Sequence[str], test: Any, inputs: Inputs, folder: Path
) -> Section:
    """Shows the mistakes with the highest confidence; `test` is the test split."""
    worst = confident_mistakes(probabilities, labels, MISTAKES)
    if len(worst) == 0:
        return Section("Most confident mistakes", f"All test {inputs.noun} are classified correctly.")
    sample_names = [sample_name(test, index) for index in worst.tolist()]
    titles, table = [], [[inputs.noun.removesuffix("s"), "predicted", "confidence", "true"]]
    for index, sample in zip(worst.tolist(), sample_names, strict=True):
        predicted = int(probabilities[index].argmax())
        name, true, confidence = class_names[predicted], class_names[labels[index]], probabilities[index, predicted]
        titles.append(f"{plain_text(name, 16)} ({confidence:.0%})\ntrue: {plain_text(true, 16)}")
        table.append([sample, name, f"{confidence:.0%}", true])
    samples = test[torch.from_numpy(worst)][0]
    figure = inputs.draw_mistakes(folder, samples, titles)
    text = f"{inputs.shown_as}{inputs.remark(samples, sample_names)} Some of these labels may be wrong."
    return Section("Most confident mistakes", text, [figure], table if isinstance(test, NamedSamples) else None)
