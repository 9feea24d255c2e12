"""What is a text, and what the name of a file."""

from pathlib import Path

import pytest

from zoo.prediction.texts import resolve_texts


@pytest.mark.parametrize("text", ["word " * 80, "~nobody-of-this-name said so", "", "two\nlines"])
def test_a_text_that_no_file_can_be_named_after(text: str) -> None:
    assert resolve_texts(text) == [text]


def test_an_existing_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("a line")
    assert resolve_texts(str(tmp_path / "notes")) == tmp_path / "notes"
