"""What a rolling-origin evaluation finds, from the errors of each fold."""

import math
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from zoo.metrics.diebold_mariano import DieboldMariano, diebold_mariano

Errors = Float[np.ndarray, "_ h d"]


class Backtest(NamedTuple):
    """What a backtest found, in units of the standard deviation of the first training part."""

    origins: list[Any]
    """The time of the last known step of each fold."""
    rmse: dict[str, float]
    """Of the model, and of each simple rule."""
    mae: dict[str, float]
    by_fold: dict[str, list[float]]
    """RMSE of each fold."""
    by_step: dict[str, list[float]]
    """RMSE of each step ahead."""
    diebold_mariano: dict[str, DieboldMariano]
    """The model against each rule: below 0 where the model's squared errors are smaller."""


def compare(errors: dict[str, list[Errors]], origins: list[Any], *, stride: int) -> Backtest:
    """The measures of each forecaster's errors by fold; the first is the model.

    The Diebold-Mariano test compares the mean squared error of whole windows. Windows overlap over the horizon,
    so that their losses are correlated over as many lags as `stride` fits into it.
    """
    joined = {name: np.concatenate(folds) for name, folds in errors.items()}
    model, *others = joined
    losses = {name: (values**2).mean((1, 2)) for name, values in joined.items()}
    lags = math.ceil(joined[model].shape[1] / stride)
    return Backtest(
        origins=origins,
        rmse={name: root_mean_square(values) for name, values in joined.items()},
        mae={name: float(np.abs(values).mean()) for name, values in joined.items()},
        by_fold={name: [root_mean_square(values) for values in folds] for name, folds in errors.items()},
        by_step={name: np.sqrt((values**2).mean((0, 2))).tolist() for name, values in joined.items()},
        diebold_mariano={name: diebold_mariano(losses[model], losses[name], lags) for name in others},
    )


def root_mean_square(values: Errors) -> float:
    """The root of the mean square over all values."""
    return float(np.sqrt((values**2).mean()))
