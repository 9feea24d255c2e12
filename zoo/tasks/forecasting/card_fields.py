"""The entries of a forecaster's card that a prediction reads."""

from collections.abc import Mapping
from typing import Any

CARD_FIELDS: Mapping[str, Any] = {
    **dict.fromkeys(("targets", "past_covariates", "future_covariates", "calendar", "step"), list[str]),
    **dict.fromkeys(("time", "series", "fill"), str | None),
    **dict.fromkeys(("context", "horizon"), int),
    "header": bool,
}

TOGETHER = ("targets", "past_covariates", "future_covariates", "context", "horizon")
"""What all series write."""
