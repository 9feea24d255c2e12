import pytest

from zoo.errors import ZooError, unknown


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
        "unknown key `a.dpeth`: did you mean `a.depth`? there are: a.width; others of its class: a.depth"
    )


def test_a_long_message_is_cut_and_so_is_a_long_list():
    message = str(ZooError(f"row 3: {'9' * 50_000_000} is no number"))
    assert len(message) < 3100
    assert message.startswith("row 3: 999")
    assert message.endswith("99 is no number")
    assert " … (49,997,020 characters more) … " in message
    names = [f"column{n}" for n in range(9000)]
    assert unknown("column", "zzz", names).endswith(", column1177, … and 8,800 more")
    assert len(unknown("column", "z" * 3_000_000, ["a"])) < 300
