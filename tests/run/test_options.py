"""Options of a task are checked against the signature that reads them."""

import inspect
from collections.abc import Sequence
from typing import Any

import pytest

from zoo.errors import ZooError
from zoo.run.options import check_options


def reads(
    task: Any,
    source: str,
    *,
    horizon: int | None = None,
    batch_size: int = 16,
    min_score: float | None = None,
    recursive: bool = False,
    tta: str | Sequence[str] | None = None,
) -> None:
    """A predict function, as tasks have them."""


def checked(**options: Any) -> dict[str, Any]:
    return check_options(reads, options, kind="made-up")


def test_values_pass_as_they_are() -> None:
    options = {"horizon": 3, "min_score": 0.5, "recursive": True, "tta": ["flip"]}
    assert checked(**options) == options


def test_null_leaves_the_default_of_the_signature() -> None:
    assert checked(batch_size=None, horizon=None) == {}


def test_a_whole_number_may_be_written_as_a_float() -> None:
    (horizon,) = checked(horizon=1e3).values()
    assert (horizon, type(horizon)) == (1000, int)
    (score,) = checked(min_score=1.0).values()
    assert (score, type(score)) == (1.0, float)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("horizon", "x", "a whole number"),
        ("horizon", 2.5, "a whole number"),
        ("horizon", float("inf"), "a whole number"),
        ("batch_size", True, "a whole number"),
        ("min_score", "high", "a number"),
        ("recursive", 1, "true or false"),
    ],
)
def test_a_value_of_another_type(option: str, value: Any, expected: str) -> None:
    with pytest.raises(ZooError) as caught:
        checked(**{option: value})
    assert str(caught.value) == f"`{option}` (={value}) must be {expected}"


def test_unknown_options_name_the_known_ones() -> None:
    known = [name for name, p in inspect.signature(reads).parameters.items() if p.kind is p.KEYWORD_ONLY]
    with pytest.raises(ZooError, match=f"`source` means nothing to a made-up model; it takes: {', '.join(known)}"):
        checked(source="x")
