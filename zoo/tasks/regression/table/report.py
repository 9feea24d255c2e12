"""The report of a table regression: baselines, predictions, columns, importance, coefficients, components."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from zoo.data.table.base import TableData
from zoo.reports.comparison import comparison
from zoo.reports.page import Section
from zoo.reports.table.columns import columns_section
from zoo.reports.table.components import components_section
from zoo.reports.table.explanation import Inputs, explanation_sections
from zoo.reports.table.rivals import MOST_ROWS
from zoo.tasks.regression.sections import predictions_section
from zoo.tasks.regression.table.baselines import linear_models
from zoo.tasks.regression.table.task import TableRegression


def sections(task: TableRegression, datamodule: TableData, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`; needs the outputs of a finished test."""
    inputs, targets = datamodule.dataset("train").arrays(MOST_ROWS, datamodule.seed)
    test, truth = datamodule.dataset("test").arrays(MOST_ROWS, datamodule.seed)

    def predicted(rows: Inputs) -> Float[np.ndarray, " n"]:
        with torch.inference_mode():
            found: np.ndarray = task(torch.from_numpy(rows).to(task.device)).cpu().numpy()
        return found

    def score(rows: Inputs) -> float:
        return -float(np.sqrt(((predicted(rows) - truth) ** 2).mean()))

    found: list[Section | None] = [
        comparison(results, "rmse", folder),
        predictions_section(task, datamodule.dataset("test"), folder, "rows"),
        columns_section(datamodule),
        components_section(datamodule, folder),
    ]
    found += explanation_sections(
        datamodule,
        folder,
        train=(inputs, targets),
        test=test,
        predicted=predicted,
        predicts=task.target().name,
        score=score,
        change="increase of RMSE",
        linear_models=linear_models(),
        coefficients_of=task.target().name,
    )
    return [section for section in found if section is not None]
