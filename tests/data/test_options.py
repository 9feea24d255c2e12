import pytest

from zoo.data.options import parse_range, require_count, require_share
from zoo.errors import ZooError


@pytest.mark.parametrize("value", [0, -3, 2.5, "many", None])
def test_a_count_is_a_positive_integer(value):
    require_count("max_objects", 1)
    with pytest.raises(ZooError) as refusal:
        require_count("max_objects", value)
    assert str(refusal.value) == f"`data.max_objects` (={value}) must be a whole number of at least 1"


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan"), "much", None])
def test_a_share_is_a_number_from_0_to_1(value):
    require_share("overlap", 0)
    require_share("overlap", 1.0)
    with pytest.raises(ZooError) as refusal:
        require_share("overlap", value)
    assert str(refusal.value) == f"`data.overlap` (={value}) must be a number from 0 to 1"


def test_a_range_is_two_ascending_numbers():
    assert parse_range([1, 2]) == parse_range((1.0, 2.0)) == (1, 2)
    for wrong in (1.2, [1.2], [1, 2, 3], [2, 1], ["a", "b"], [1, float("inf")], "12", None):
        assert parse_range(wrong) is None
