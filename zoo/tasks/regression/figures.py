"""Predicted against true numbers, and the errors."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from zoo.reports.figures import COLORS, LINE, SOFT, drawing

_MOST = 2_000

Values = Float[np.ndarray, " n"]


def draw_predictions(path: Path, value: Values, lower: Values, upper: Values, target: Values) -> Path:
    """Draws each prediction with its interval against the truth, and a histogram of the errors."""
    rows = np.random.default_rng(0).permutation(len(target))[:_MOST]
    value, lower, upper, target = (each[rows] for each in (value, lower, upper, target))
    with drawing(path, width=8.4, height=3.8) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1.3, 1])
        if np.isfinite(lower).all() and np.isfinite(upper).all():
            left.vlines(target, lower, upper, color=LINE, linewidth=1.0)
        left.plot(target, value, "o", color=COLORS[0], ms=3.2, alpha=0.8)
        ends = [min(target.min(), value.min()), max(target.max(), value.max())]
        left.plot(ends, ends, color=SOFT, linestyle=":", linewidth=1.3)
        left.set(xlabel="truth", ylabel="prediction with interval")
        right.hist(value - target, bins=30, color=COLORS[0], alpha=0.8)
        right.axvline(0, color=SOFT, linewidth=1.0)
        right.set(xlabel="prediction less truth", ylabel="samples")
    return path
