"""Sentences by punctuation lose nothing of the text."""

import pytest

from zoo.data.text.sentences import sentences_of


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ('He said "it works." Then he left.', ['He said "it works."', "Then he left."]),
        ("(See the note.) [1] is next. 2 follow!", ["(See the note.)", "[1] is next.", "2 follow!"]),
        ("e.g. this, v1.2 and that", ["e.g. this, v1.2 and that"]),
        ("Really?!  Yes.", ["Really?!", "Yes."]),
    ],
)
def test_closing_quotes_and_brackets_stay_with_their_sentence(line: str, sentences: list[str]):
    assert sentences_of(line, "punctuation") == sentences
    assert sentences_of(line, "line") == [line]
