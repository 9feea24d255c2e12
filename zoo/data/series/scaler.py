"""Scale and naive forecast error of the training spans."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from zoo.data.series.mapped import chunks
from zoo.errors import ZooError


class Scale(NamedTuple):
    """Per channel: values are scaled as (value - `center`) / `scale`."""

    center: list[float]
    scale: list[float]


def fit_scale(parts: Sequence[Float[np.ndarray, "_ c"]], names: Sequence[str], kind: str) -> Scale:
    """Mean and standard deviation of each channel over the training spans, or 0 and 1 if `kind` is `none`.

    Raises:
        ZooError: an unknown kind, or a constant channel.
    """
    if kind not in ("standard", "none"):
        raise ZooError(f"`data.scaler` (={kind}) must be one of: standard, none")
    channels = len(names)
    if kind == "none":
        return Scale([0.0] * channels, [1.0] * channels)
    count = sum(len(part) for part in parts)
    center = sum((_sums(part, 0.0) for part in parts), np.zeros(channels)) / count
    variance = sum((_sums(part, center, 2) for part in parts), np.zeros(channels)) / count
    scale = np.sqrt(variance)
    for name, middle, spread in zip(names, center, scale, strict=True):
        if spread <= 1e-12 * max(abs(middle), 1e-300):
            raise ZooError(
                f"column `{name}` is {middle:g} throughout the training part, so there is nothing to scale "
                f"by: leave it out, or set data.scaler=none"
            )
    return Scale(center.tolist(), scale.tolist())


def naive_errors(parts: Sequence[Float[np.ndarray, "_ d"]], season: int) -> list[float]:
    """Mean absolute error of the seasonal naive forecast within the training spans, by channel.

    The denominator of the mean absolute scaled error. Source: Hyndman and Koehler, 2006. Spans no longer than the
    season are skipped; without any other span the error is 0.
    """
    total: np.ndarray = np.zeros(parts[0].shape[1])
    count = 0
    for part in parts:
        for chunk in chunks(part, overlap=season):
            total += np.abs(chunk[season:] - chunk[:-season]).sum(0)
            count += len(chunk) - season
    return (total / max(count, 1)).tolist()


def _sums(part: np.ndarray, center: np.ndarray | float, power: int = 1) -> np.ndarray:
    total: np.ndarray = sum(((chunk - center) ** power).sum(0) for chunk in chunks(part))
    return total
