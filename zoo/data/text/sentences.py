"""Splits text into sentences."""

import re
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
    return [piece for part in parts for piece in _pieces(part.strip()) if piece]


def _pieces(text: str) -> list[str]:
    pieces, start = [], 0
    while len(text) - start > _LONGEST:
        end = text.rfind(" ", start + 1, start + _LONGEST)
        end = end if end > 0 else start + _LONGEST
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]
