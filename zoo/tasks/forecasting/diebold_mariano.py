"""The Diebold-Mariano test: is one forecast significantly better than another?"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student

from zoo.errors import ZooError


class DieboldMariano(NamedTuple):
    """The outcome of the test."""

    statistic: float
    """Negative if the first forecast has the smaller loss."""
    p_value: float
    """Two-sided."""


def diebold_mariano(
    first_loss: Float[np.ndarray, " n"], second_loss: Float[np.ndarray, " n"], horizon: int
) -> DieboldMariano:
    """Compares the losses of two forecasts of the same values, `horizon` steps ahead and in order of time.

    Losses of h-step forecasts are correlated over h - 1 lags. The variance sums their autocovariances, unweighted or
    with Bartlett weights, whichever is greater: with few forecasts the unweighted sum may be near 0 or negative. Losses
    equal to five digits give a statistic of 0 and p = 1. With fewer than ten forecasts per step of the horizon the test
    rejects equal forecasts at p < 0.05 in 10 to 20 % of simulations.

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
