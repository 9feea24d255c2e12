"""The report of a text classifier: baselines, confusion matrix, calibration, and the most confident mistakes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.data.base import DataModule
from zoo.reports.comparison import comparison
from zoo.reports.page import Section
from zoo.tasks.classification.metrics import confident_mistakes
from zoo.tasks.classification.report import (
    Labels,
    Probabilities,
    calibration_section,
    class_section,
    confusion_section,
)
from zoo.tasks.classification.text.task import TextClassification

MISTAKES = 15
_SHOWN = 300  # characters of a text


def sections(
    task: TextClassification, datamodule: DataModule, folder: Path, results: Mapping[str, Any]
) -> list[Section]:
    """Returns the sections and saves their figures in `folder`; needs the outputs of a finished test."""
    outputs = task.test_outputs()
    probabilities, labels = outputs.probabilities.numpy(), outputs.labels.numpy()
    names, test = [str(name) for name in task.card["class_names"]], datamodule.dataset("test")
    return [
        comparison(results, "accuracy", folder),
        confusion_section(probabilities, labels, names, folder, samples="texts"),
        class_section(probabilities, labels, names, samples="texts"),
        calibration_section(probabilities, labels, folder, samples="texts"),
        mistakes_section(probabilities, labels, names, test.texts),
        truncation_section(test.truncated, task.length),
    ]


def mistakes_section(
    probabilities: Probabilities, labels: Labels, class_names: Sequence[str], texts: Sequence[str]
) -> Section:
    """Lists the mistakes with the highest confidence."""
    worst = confident_mistakes(probabilities, labels, MISTAKES)
    if len(worst) == 0:
        return Section("Most confident mistakes", "All test texts are classified correctly.")
    table = [["predicted", "confidence", "true", "text"]]
    for index in worst.tolist():
        predicted = int(probabilities[index].argmax())
        text = texts[index] if len(texts[index]) <= _SHOWN else f"{texts[index][:_SHOWN]}…"
        confidence = f"{probabilities[index, predicted]:.0%}"
        table.append([class_names[predicted], confidence, class_names[labels[index]], text])
    return Section("Most confident mistakes", "Some of these labels may be wrong.", [], table)


def truncation_section(truncated: Sequence[bool], length: int | None) -> Section:
    """How many test texts the network reads in part."""
    count = sum(truncated)
    text = (
        f"The network reads the first {length} tokens of a text. {count:,} of {len(truncated):,} test texts are longer."
    )
    return Section("Long texts", text)
