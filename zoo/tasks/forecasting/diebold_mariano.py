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

    Losses of forecasts h steps ahead are correlated over h - 1 lags, which the variance counts: by their plain sum
    or with Bartlett's weights, whichever is greater, for with few forecasts the sum may come near 0 or below it.
    Losses equal to five digits give 0 and 1. With fewer than ten forecasts for each step of the horizon chance alone
    gives p below 0.05 more often than once in ten times, by simulation up to once in five.

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
    weights = 1.0 - np.arange(horizon) / horizon
    sums = [autocovariance[0] + 2.0 * lagged[1:].sum() for lagged in (autocovariance, weights * autocovariance)]
    variance = max(sums) / n
    if variance <= 0.0:  # the losses differ by a constant
        return DieboldMariano(float(np.sign(mean) * np.inf), 0.0)
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    statistic = float(mean / np.sqrt(variance) * np.sqrt(max(correction, 0.0)))
    return DieboldMariano(statistic, float(2.0 * student.sf(abs(statistic), df=n - 1)))
