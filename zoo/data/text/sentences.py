"""Splits text into sentences."""

import re
from collections.abc import Iterator
from typing import Literal

Rule = Literal["line", "punctuation"]

_LONGEST = 10_000  # characters; a longer line is cut at spaces
_END = re.compile(r"[.!?][\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9])")  # quotes and brackets that close belong to the sentence


def sentences_of(line: str, rule: Rule) -> list[str]:
    """The sentences of a line: the line itself, or its parts after `.`, `!` or `?` before a capital or a digit.

    >>> sentences_of("It works. (Does it?) Yes, e.g. here.", "punctuation")
    ['It works.', '(Does it?)', 'Yes, e.g. here.']
    """
    ends = [] if rule == "line" else [found.end() for found in _END.finditer(line)]
    parts = [line[start:end] for start, end in zip([0, *ends], [*ends, len(line)], strict=True)]
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
