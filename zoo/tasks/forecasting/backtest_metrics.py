"""Metrics of a rolling-origin evaluation (backtest), from the errors of each fold."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from zoo.tasks.forecasting.diebold_mariano import DieboldMariano, diebold_mariano

Errors = Float[np.ndarray, "_ h d"]


class Backtest(NamedTuple):
    """Results of a backtest, in units of the standard deviation of the first training split."""

    origins: list[Any]
    """The time of the last step of history of each fold."""
    rmse: dict[str, float]
    """RMSE of the model and of each baseline."""
    mae: dict[str, float]
    by_fold: dict[str, list[float]]
    """RMSE of each fold."""
    by_step: dict[str, list[float]]
    """RMSE of each step ahead."""
    diebold_mariano: dict[str, DieboldMariano]
    """The model against each baseline: negative if the model is better; empty with too few origins."""
    tested: int
    """Number of origins in the test."""
    lags: int
    """Number of origins over which errors are correlated."""


class WindowTimes(NamedTuple):
    """The times of the windows of a fold, in stamps of the data: times or numbers."""

    origins: Shaped[np.ndarray, " n"]
    """The origin of each window: its last step of history."""
    last: Shaped[np.ndarray, " n"]
    """The last forecast step of each window."""


def compare(errors: dict[str, list[Errors]], times: list[WindowTimes], origins: list[Any]) -> Backtest:
    """Computes the metrics of each forecaster from its errors by fold; the first forecaster is the model.

    The Diebold-Mariano test compares the mean squared errors of windows along time. Errors of different series are
    correlated, so windows with the same origin count once, with their mean loss. Without a time column the stamp is the
    row within the series. Losses are correlated over as many lags as origins lie within the future of one window. With
    too few origins there is no test.
    """
    joined = {name: np.concatenate(folds) for name, folds in errors.items()}
    model, *others = joined
    starts, group = np.unique(np.concatenate([fold.origins for fold in times]), return_inverse=True)
    losses = {name: _mean_of_groups((values**2).mean((1, 2)), group) for name, values in joined.items()}
    within = np.searchsorted(starts, np.concatenate([fold.last for fold in times])) - group
    lags = int(within.max())
    return Backtest(
        origins=origins,
        rmse={name: root_mean_square(values) for name, values in joined.items()},
        mae={name: float(np.abs(values).mean()) for name, values in joined.items()},
        by_fold={name: [root_mean_square(values) for values in folds] for name, folds in errors.items()},
        by_step={name: np.sqrt((values**2).mean((0, 2))).tolist() for name, values in joined.items()},
        diebold_mariano={
            name: diebold_mariano(losses[model], losses[name], lags) for name in others if len(starts) >= lags + 2
        },
        tested=len(starts),
        lags=lags,
    )


def _mean_of_groups(values: Float[np.ndarray, " n"], group: Int[np.ndarray, " n"]) -> Float[np.ndarray, " g"]:
    return np.bincount(group, values) / np.bincount(group)


def root_mean_square(values: Errors) -> float:
    """Root mean square over all values."""
    return float(np.sqrt((values**2).mean()))
