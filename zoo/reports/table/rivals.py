"""What classical models on the rows of a table share, for a comparison on the same split."""

from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

ALPHAS = np.logspace(-3, 3, 13)
"""Penalties among which a ridge chooses."""
MOST_ROWS = 20_000
"""Training rows of a rival; more are drawn at random, so that fitting takes seconds."""
MOST_SQUARED = 60
"""Inputs of a polynomial of degree 2, which has half the square of them."""


def polynomial(model: Any) -> Any:
    """A model of the inputs, their squares and their products, all standardized."""
    return make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(), model)
