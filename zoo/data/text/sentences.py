"""Splits text into sentences."""

import re
from collections.abc import Iterator
from typing import Literal

Rule = Literal["line", "punctuation"]

_LONGEST = 10_000  # characters; a longer line is cut at spaces
_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9])")


def sentences_of(line: str, rule: Rule) -> list[str]:
    """The sentences of a line: the line itself, or its parts after `.`, `!` or `?` before a capital or a digit.

    >>> sentences_of("It works. Does it? Yes, e.g. here.", "punctuation")
    ['It works.', 'Does it?', 'Yes, e.g. here.']
    """
    parts = [line] if rule == "line" else _END.split(line)
    return [piece for part in parts for piece in pieces(part.strip(), _LONGEST) if piece]


def pieces(text: str, longest: int) -> Iterator[str]:
    """Parts of a text of at most `longest` characters, cut before a space where there is one."""
    start = 0
    while len(text) - start > longest:
        end = text.rfind(" ", start + 1, start + longest)
        end = end if end > 0 else start + longest
        yield text[start:end]
        start = end
    yield text[start:]
