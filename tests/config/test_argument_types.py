from collections.abc import Sequence
from typing import Any, Literal, Optional

import numpy as np
import pytest
import torch

from zoo.config.argument_types import is_simple, type_error


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (float, 3, None),
        (float, float("inf"), None),
        (bool, 1, "true or false"),
        (int | None, None, None),
        (int | Literal["auto"], "auto", None),
        (int | Literal["auto"], "many", "a whole number or auto"),
        (Literal["mean", "last"] | None, "first", None),  # the constructor names its options
        (Literal["mean", "last"], 3, "mean or last"),
        (Optional[float], "abc", "a number or null"),  # noqa: UP045
        (int, np.int64(3), None),
        (float | Sequence[float], "abc", None),
        (torch.nn.Module, "abc", None),
        (Any, "abc", None),
    ],
)
def test_a_value_of_another_type_has_its_expected_type_named(annotation, value, expected):
    assert type_error(annotation, value) == expected


def test_an_annotation_with_any_other_type_is_not_checked():
    assert is_simple(int | Literal["auto"] | None)
    assert not is_simple(int | Sequence[int])
