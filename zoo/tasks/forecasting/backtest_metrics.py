"""What a rolling-origin evaluation finds, from the errors of each fold."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from zoo.tasks.forecasting.diebold_mariano import DieboldMariano, diebold_mariano

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
    """The model against each rule: below 0 where the model's squared errors are smaller; empty with too few origins."""
    tested: int
    """Origins that the test compares."""
    lags: int
    """Over how many of them errors are correlated."""


class WindowTimes(NamedTuple):
    """When the windows of a fold lie, in stamps of the data: times or numbers."""

    known: Shaped[np.ndarray, " n"]
    """Of the last known step of each window, its origin."""
    last: Shaped[np.ndarray, " n"]
    """Of the last step forecast."""


def compare(errors: dict[str, list[Errors]], times: list[WindowTimes], origins: list[Any]) -> Backtest:
    """The measures of each forecaster's errors by fold, whose windows lie at `times`; the first is the model.

    The Diebold-Mariano test compares the mean squared error of whole windows along time. Series err together, so
    windows with the same origin count once, with the mean of their losses, whatever series and fold they are of;
    series with other stamps have their place between them (without a column of times a stamp is the row of the
    series). Losses are correlated over as many lags as origins lie within one window's future. Where that leaves
    too few origins there is no test.
    """
    joined = {name: np.concatenate(folds) for name, folds in errors.items()}
    model, *others = joined
    known, group = np.unique(np.concatenate([fold.known for fold in times]), return_inverse=True)
    losses = {name: _mean_of_groups((values**2).mean((1, 2)), group) for name, values in joined.items()}
    within = np.searchsorted(known, np.concatenate([fold.last for fold in times])) - group
    lags = int(within.max())
    return Backtest(
        origins=origins,
        rmse={name: root_mean_square(values) for name, values in joined.items()},
        mae={name: float(np.abs(values).mean()) for name, values in joined.items()},
        by_fold={name: [root_mean_square(values) for values in folds] for name, folds in errors.items()},
        by_step={name: np.sqrt((values**2).mean((0, 2))).tolist() for name, values in joined.items()},
        diebold_mariano={
            name: diebold_mariano(losses[model], losses[name], lags) for name in others if len(known) >= lags + 2
        },
        tested=len(known),
        lags=lags,
    )


def _mean_of_groups(values: Float[np.ndarray, " n"], group: Int[np.ndarray, " n"]) -> Float[np.ndarray, " g"]:
    return np.bincount(group, values) / np.bincount(group)


def root_mean_square(values: Errors) -> float:
    """The root of the mean square over all values."""
    return float(np.sqrt((values**2).mean()))
