"""Checks of the numbers that a configuration gives."""

import math
from collections.abc import Sequence
from typing import Any

from zoo.errors import ZooError

Range = float | Sequence[float]  # what a configuration may hold where [low, high] is meant; checked


def require_count(name: str, value: Any) -> None:
    """Raises ZooError unless `data.NAME` is a whole number of at least 1."""
    if not isinstance(value, int) or value < 1:
        raise ZooError(f"`data.{name}` (={value}) must be a whole number of at least 1")


def require_share(name: str, value: Any) -> None:
    """Raises ZooError unless `data.NAME` is a number from 0 to 1."""
    if not _is_number(value) or not 0 <= value <= 1:
        raise ZooError(f"`data.{name}` (={value}) must be a number from 0 to 1")


def rising(values: Any) -> tuple[float, float] | None:
    """A range [low, high] of finite numbers, or None where `values` are none."""
    if not isinstance(values, list | tuple) or len(values) != 2 or not all(map(_is_number, values)):
        return None
    low, high = values
    return (low, high) if low <= high else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
