"""What a model of a table relies on: importance of columns, partial dependence, coefficients of the linear rivals."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from zoo.data.table.base import TableData
from zoo.data.table.columns import groups_of, input_names
from zoo.reports.page import Section
from zoo.reports.quiet_fits import quiet_fits
from zoo.reports.table.coefficients import coefficients_section
from zoo.reports.table.dependence import MOST_ROWS, SHOWN, dependence_section
from zoo.reports.table.importance import (
    MOST_COLUMNS,
    importance_section,
    information,
    most_important,
    permutation_importance,
)

Inputs = Float[np.ndarray, "_ f"]
"""Inputs of some rows of a table."""


def explanation_sections(
    datamodule: TableData,
    folder: Path,
    *,
    train: tuple[Inputs, Any],
    test: Inputs,
    predicted: Callable[[Inputs], Float[np.ndarray, " _"]],
    predicts: str,
    score: Callable[[Inputs], float],
    change: str,
    linear_models: Mapping[str, Any],
    coefficients_of: str,
) -> list[Section | None]:
    """Returns three sections and saves their figures in `folder`; none for a table of too many columns.

    `train` has inputs and targets. `predicted` gives the number that is drawn against each column, and `predicts` names
    it; `score` of the test rows is better the higher it is, and `change` names its loss. `linear_models` are
    fitted here; `coefficients_of` names what their coefficients add to.
    """
    groups, names = groups_of(datamodule.columns), input_names(datamodule.columns)
    if len(groups) > MOST_COLUMNS:
        return []
    inputs, targets = train
    some, _ = datamodule.dataset("train").arrays(MOST_ROWS, datamodule.seed)
    losses = permutation_importance(score, test, groups, datamodule.seed)
    shown = most_important(losses, groups, SHOWN)
    places = [(column, groups[column.name].start) for column in datamodule.columns if column.name in shown]
    with quiet_fits():
        fitted = {name: np.atleast_2d(model.fit(inputs, targets).coef_) for name, model in linear_models.items()}
    return [
        importance_section(information(inputs, targets, datamodule.columns, datamodule.seed), losses, change, folder),
        dependence_section(predicted, some, places, predicts, folder),
        coefficients_section(fitted, inputs.std(0), names, coefficients_of, folder),
    ]
