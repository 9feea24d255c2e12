"""Calendar covariates, which are known for any time in the future."""

import numpy as np
import pandas as pd
from jaxtyping import Float

from zoo.errors import ZooError

PARTS = {
    "minute": ("minute", 60.0),
    "hour": ("hour", 24.0),
    "weekday": ("day_of_week", 7.0),
    "day": ("day", 31.0),
    "dayofyear": ("day_of_year", 366.0),
    "month": ("month", 12.0),
}
"""Parts of a time: the attribute in pandas and the period."""


def calendar_names(parts: list[str]) -> list[str]:
    """Names of the covariates of `parts`.

    >>> calendar_names(["month"])
    ['month_sin', 'month_cos']
    """
    return [f"{part}_{wave}" for part in parts for wave in ("sin", "cos")]


def calendar_covariates(stamps: np.ndarray | range, parts: list[str]) -> Float[np.ndarray, "time k"]:
    """A sine and a cosine of each part of time, so that its last value is close to its first.

    Raises:
        ZooError: an unknown part, or stamps that are not times.
    """
    for part in parts:
        if part not in PARTS:
            raise ZooError(f"`data.calendar` (={part}) must be among: {', '.join(PARTS)}")
    if not parts:
        return np.empty((len(stamps), 0))
    if isinstance(stamps, range) or not np.issubdtype(stamps.dtype, np.datetime64):
        raise ZooError("`data.calendar` needs times: name their column with data.time")
    times = pd.DatetimeIndex(stamps)
    fields = [PARTS[part] for part in parts]
    angles = [np.asarray(getattr(times, name), np.float64) * (2.0 * np.pi / size) for name, size in fields]
    return np.stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)], axis=1)
