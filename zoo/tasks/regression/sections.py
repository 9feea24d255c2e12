"""Sections of the report of every regression."""

from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.sample_names import sample_name
from zoo.reports.page import Section
from zoo.tasks.regression.figures import draw_predictions
from zoo.tasks.regression.task import Regression

LARGEST = 10


def predictions_section(task: Regression, test: Any, folder: Path, noun: str) -> Section:
    """Predictions against the truth with the coverage of their intervals, and the largest errors.

    `test` is the test split.
    """
    outputs, target = task.test_outputs()
    value, lower, upper = (each.numpy() for each in outputs)
    truth = target.numpy()
    inside = (lower <= truth) & (truth <= upper)
    interval = task.card.get("interval") or {}
    text = (
        f"The interval of {interval.get('level', 0):.0%} holds {inside.mean():.1%} of the {len(truth):,} test {noun}; "
        f"its margin was measured {interval.get('source', 'elsewhere')}, which also select the checkpoint. A "
        f"split-conformal interval covers its level on average over splits; over {len(truth):,} {noun} it varies."
    )
    table = [[noun.removesuffix("s"), "prediction", "lower", "upper", "truth"]]
    for row in np.argsort(-np.abs(value - truth), kind="stable")[:LARGEST].tolist():
        table.append([sample_name(test, row), *(f"{each[row]:.5g}" for each in (value, lower, upper, truth))])
    figure = draw_predictions(folder / "predictions.png", value, lower, upper, truth)
    return Section("Predictions, and the largest errors", text, [figure], table)
