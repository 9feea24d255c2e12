"""Predicted numbers and the bounds of their intervals, as results and files hold them."""

import math
from collections.abc import Iterable


def finite(number: float) -> float | None:
    """The number; None for the bound of an unbounded interval."""
    return number if math.isfinite(number) else None


def cells(numbers: Iterable[float | None]) -> list[str]:
    """Numbers as cells of a CSV file; empty for None."""
    return ["" if number is None else f"{number:.9g}" for number in numbers]
