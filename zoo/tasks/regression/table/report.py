"""The report of a table regression: baselines, predictions, columns, importance, coefficients, components."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from zoo.data.table.base import TableData
from zoo.data.table.columns import groups_of, input_names
from zoo.reports.comparison import comparison
from zoo.reports.page import Section
from zoo.reports.table.coefficients import coefficients_section
from zoo.reports.table.columns import columns_section
from zoo.reports.table.components import components_section
from zoo.reports.table.dependence import SHOWN, dependence_section
from zoo.reports.table.importance import (
    MOST_COLUMNS,
    importance_section,
    information,
    most_important,
    permutation_importance,
)
from zoo.reports.table.rivals import MOST_ROWS, quiet_fits
from zoo.tasks.regression.sections import predictions_section
from zoo.tasks.regression.table.baselines import linear_models
from zoo.tasks.regression.table.task import TableRegression

Inputs = Float[np.ndarray, "n f"]


def sections(task: TableRegression, datamodule: TableData, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`; needs the outputs of a finished test."""
    inputs, targets = datamodule.dataset("train").arrays(MOST_ROWS, datamodule.seed)
    test, truth = datamodule.dataset("test").arrays(MOST_ROWS, datamodule.seed)
    groups, names = groups_of(datamodule.columns), input_names(datamodule.columns)

    def predicted(rows: Inputs) -> Float[np.ndarray, " n"]:
        with torch.inference_mode():
            found: np.ndarray = task(torch.from_numpy(rows).to(task.device)).cpu().numpy()
        return found

    def score(rows: Inputs) -> float:
        return -float(np.sqrt(((predicted(rows) - truth) ** 2).mean()))

    found: list[Section | None] = [
        comparison(results, "rmse", folder),
        predictions_section(task, folder, "rows"),
        columns_section(datamodule),
        components_section(inputs, targets, names, None, folder),
    ]
    if len(groups) > MOST_COLUMNS:
        return [section for section in found if section is not None]
    losses = permutation_importance(score, test, groups, datamodule.seed)
    shown = most_important(losses, groups, SHOWN)
    places = [(column, groups[column.name].start) for column in datamodule.columns if column.name in shown]
    with quiet_fits():
        fitted = {name: model.fit(inputs, targets).coef_[None] for name, model in linear_models().items()}
    what = task.target().name
    found += [
        importance_section(information(inputs, targets, groups, datamodule.seed), losses, "RMSE", folder),
        dependence_section(predicted, inputs, places, what, folder),
        coefficients_section(fitted, names, what, folder),
    ]
    return [section for section in found if section is not None]
