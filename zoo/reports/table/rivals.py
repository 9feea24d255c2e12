"""Fits classical models on the rows of a table, for a comparison on the same split."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from threadpoolctl import threadpool_limits

ALPHAS = np.logspace(-3, 3, 13)
"""Penalties among which a ridge chooses."""
MOST_ROWS = 20_000
"""Training rows of a rival; more are drawn at random, so that fitting takes seconds."""
MOST_SQUARED = 60
"""Inputs of a polynomial of degree 2, which has half the square of them."""


@contextmanager
def quiet_fits() -> Iterator[None]:
    """One thread, which is faster for fits of this size; a fit that stops at its last iteration is fair."""
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def polynomial(model: Any) -> Any:
    """A model of the inputs, their squares and their products, all standardized."""
    return make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(), model)
