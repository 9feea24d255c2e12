"""The report of a table classifier: baselines, confusions, calibration, columns, coefficients, importance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zoo.data.table.base import TableData
from zoo.data.table.columns import input_names
from zoo.reports.comparison import comparison
from zoo.reports.page import Section
from zoo.reports.table.columns import columns_section
from zoo.reports.table.components import components_section
from zoo.reports.table.explanation import Inputs, explanation_sections
from zoo.reports.table.rivals import MOST_ROWS
from zoo.tasks.classification.metrics import confident_mistakes
from zoo.tasks.classification.report import (
    Labels,
    Probabilities,
    calibration_section,
    class_section,
    confusion_section,
)
from zoo.tasks.classification.table.baselines import linear_models
from zoo.tasks.classification.table.task import TableClassification

MISTAKES = 15
_SHOWN = 8  # columns of a mistake


def sections(
    task: TableClassification, datamodule: TableData, folder: Path, results: Mapping[str, Any]
) -> list[Section]:
    """Returns the sections and saves their figures in `folder`; needs the outputs of a finished test."""
    outputs = task.test_outputs()
    probabilities, labels = outputs.probabilities.numpy(), outputs.labels.numpy()
    names = [str(name) for name in task.card["class_names"]]
    inputs, targets = datamodule.dataset("train").arrays(MOST_ROWS, datamodule.seed)
    test, test_labels = datamodule.dataset("test").arrays(MOST_ROWS, datamodule.seed)

    def predicted(rows: Inputs) -> Probabilities:
        with torch.inference_mode():
            found: np.ndarray = task.predict_step(torch.from_numpy(rows).float().to(task.device)).cpu().numpy()
        return found

    def accuracy(rows: Inputs) -> float:
        return float((predicted(rows).argmax(1) == test_labels).mean())

    found: list[Section | None] = [
        comparison(results, "accuracy", folder),
        columns_section(datamodule),
        confusion_section(probabilities, labels, names, folder, samples="rows"),
        class_section(probabilities, labels, names, samples="rows"),
        calibration_section(probabilities, labels, folder, samples="rows"),
        mistakes_section(probabilities, labels, names, datamodule),
        components_section(datamodule, folder),
    ]
    found += explanation_sections(
        datamodule,
        folder,
        train=(inputs, targets),
        test=test,
        predicted=lambda rows: predicted(rows)[:, -1],
        predicts=f"P({names[-1]})",
        score=accuracy,
        change="loss of accuracy",
        linear_models=linear_models(datamodule.seed),
        coefficients_of="the logit or score of a class",
    )
    return [section for section in found if section is not None]


def mistakes_section(
    probabilities: Probabilities, labels: Labels, class_names: list[str], datamodule: TableData
) -> Section:
    """Lists the mistakes with the highest confidence, with the first columns in standard deviations."""
    worst = confident_mistakes(probabilities, labels, MISTAKES)
    if len(worst) == 0:
        return Section("Most confident mistakes", "All test rows are classified correctly.")
    names = input_names(datamodule.columns)[:_SHOWN]
    test = datamodule.dataset("test")
    rows, _ = test[torch.from_numpy(worst)]
    table = [["row", "predicted", "confidence", "true", *names]]
    for index, values in zip(worst.tolist(), rows.tolist(), strict=True):
        best = int(probabilities[index].argmax())
        confidence = f"{probabilities[index, best]:.0%}"
        shown = [class_names[best], confidence, class_names[labels[index]], *(f"{v:.2f}" for v in values[:_SHOWN])]
        table.append([test.sample_name(index), *shown])
    return Section("Most confident mistakes", "Columns are shown as the network reads them.", [], table)
