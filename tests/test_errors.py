import pytest

from zoo.errors import unknown


@pytest.mark.parametrize(
    ("given", "allowed", "message"),
    [
        ("aple", ["pear", "apple"], "unknown fruit `aple`: did you mean `apple`? there are: apple, pear"),
        ("x", [], "unknown fruit `x`: there are: none"),
        (
            "a.long.path.widht",
            ["a.long.path.pooling"],
            "unknown fruit `a.long.path.widht`: there are: a.long.path.pooling",
        ),
    ],
)
def test_an_unknown_name_is_reported_with_those_that_exist(given, allowed, message):
    assert unknown("fruit", given, allowed) == message


def test_a_suggestion_may_be_one_that_is_not_listed():
    assert unknown("key", "a.dpeth", ["a.depth", "a.width"], listed=["a.width"]) == (
        "unknown key `a.dpeth`: did you mean `a.depth`? there are: a.width"
    )
