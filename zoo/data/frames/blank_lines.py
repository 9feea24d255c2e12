"""Blank lines around the rows of a CSV file: between rows they stand for missing values, elsewhere for nothing."""

import csv
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from zoo.data.compressed import open_table

_BLOCK = 1 << 20  # bytes


class BlankLines(NamedTuple):
    """The number of blank lines in three places."""

    above: int
    """Before the first line."""
    below: int
    """Between the header and the first row."""
    after: int
    """After the last row."""


def count_blank_lines(path: Path, separator: str, *, header: bool) -> BlankLines:
    """Counts the blank lines around the rows, in the first and the last MiB of the file."""
    with open_table(path) as file:
        head = tail = file.read(_BLOCK)
        while block := file.read(_BLOCK):
            tail = (tail + block)[-_BLOCK:]
    lines = head.splitlines()
    above = _leading(lines)
    first = 0
    if header and above < len(lines):
        reader = csv.reader(map(_text, lines[above:]), delimiter=separator, skipinitialspace=True)
        next(reader)
        first = reader.line_num
    return BlankLines(above, _leading(lines[above + first :]), _leading(tail.splitlines()[::-1]))


def _leading(lines: list[bytes]) -> int:
    return sum(1 for _ in takewhile(lambda line: not line.strip(), lines))


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace")
