"""Whether one forecast is better than another by more than chance."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student

from zoo.errors import ZooError


class DieboldMariano(NamedTuple):
    """The outcome of the test."""

    statistic: float
    """Below 0 where the first forecast has the smaller loss."""
    p_value: float
    """Two-sided: small where the difference is no chance."""


def diebold_mariano(
    first_loss: Float[np.ndarray, " n"], second_loss: Float[np.ndarray, " n"], horizon: int
) -> DieboldMariano:
    """Compares the losses of two forecasts, `horizon` steps ahead, of the same values in order of time.

    Losses of forecasts h steps ahead are correlated over h - 1 lags, which the variance counts. Losses equal
    to five digits give 0 and 1. Where the plain estimate of the variance is not positive (it may be, at long
    horizons), Bartlett's weights make it so.

    Source: Diebold and Mariano, "Comparing Predictive Accuracy", 1995, with the small-sample correction and
    Student's t of Harvey, Leybourne and Newbold, 1997.

    Raises:
        ZooError: fewer than two forecasts more than the horizon.
    """
    difference = np.asarray(first_loss, np.float64) - np.asarray(second_loss, np.float64)
    n = len(difference)
    if n < horizon + 2:
        raise ZooError(f"the Diebold-Mariano test of {horizon} steps needs at least {horizon + 2} forecasts, not {n}")
    if np.allclose(first_loss, second_loss, rtol=1e-5, atol=0.0):
        return DieboldMariano(0.0, 1.0)
    mean = difference.mean()
    rest = difference - mean
    autocovariance = np.array([rest[lag:] @ rest[: n - lag] for lag in range(horizon)]) / n
    variance = (autocovariance[0] + 2.0 * autocovariance[1:].sum()) / n
    if variance <= 0.0:
        weights = 1.0 - np.arange(horizon) / horizon
        variance = (autocovariance[0] + 2.0 * (weights * autocovariance)[1:].sum()) / n
    if variance <= 0.0:  # the losses differ by a constant
        return DieboldMariano(float(np.sign(mean) * np.inf), 0.0)
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    statistic = float(mean / np.sqrt(variance) * np.sqrt(max(correction, 0.0)))
    return DieboldMariano(statistic, float(2.0 * student.sf(abs(statistic), df=n - 1)))
