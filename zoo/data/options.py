"""Checks of numbers in the configuration."""

import math
from collections.abc import Sequence
from typing import Any

from zoo.errors import ZooError

Range = float | Sequence[float]
"""A `[low, high]` as YAML may hold it; `parse_range` checks it."""


def require_count(name: str, value: Any) -> None:
    """Raises ZooError unless `data.NAME` is an integer of at least 1."""
    if not isinstance(value, int) or value < 1:
        raise ZooError(f"`data.{name}` (={value}) must be a whole number of at least 1")


def require_share(name: str, value: Any) -> None:
    """Raises ZooError unless `data.NAME` is a number from 0 to 1."""
    if not _is_number(value) or not 0 <= value <= 1:
        raise ZooError(f"`data.{name}` (={value}) must be a number from 0 to 1")


def require_fractions(val: float, test: float) -> None:
    """Raises ZooError unless `data.val_fraction` and `data.test_fraction` are positive and leave training samples."""
    if not (val > 0 and test > 0 and val + test < 1):
        raise ZooError(
            f"`data.val_fraction` (={val}) and `data.test_fraction` (={test}) must be positive "
            "and leave something to train on"
        )


def require_statistics(mean: Sequence[float], std: Sequence[float], channels: int) -> None:
    """Raises ZooError unless `data.mean` and `data.std` have a value for each channel, positive in `data.std`."""
    for name, values in (("mean", mean), ("std", std)):
        if len(values) != channels:
            raise ZooError(f"`data.{name}` (={values}) must have {channels} values, one for each channel")
    if min(std) <= 0:
        raise ZooError(f"`data.std` (={std}) must be positive")


def parse_range(values: Any) -> tuple[float, float] | None:
    """Returns `[low, high]` as a tuple, or None if `values` is not a range of finite numbers."""
    if not isinstance(values, list | tuple) or len(values) != 2 or not all(map(_is_number, values)):
        return None
    low, high = values
    return (low, high) if low <= high else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
