"""Writes tables as CSV that a spreadsheet opens without running what is in a cell."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes rows in UTF-8; bytes of a file name that are not UTF-8 become escapes.

    A text that a spreadsheet would take for a formula, such as a file name that begins with =, is preceded by an
    apostrophe.
    """
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(map(inert, columns))
        writer.writerows(map(inert, row) for row in rows)


def inert(cell: Any) -> Any:
    """The cell, with an apostrophe before a formula.

    >>> inert("=1+1"), inert("-0.5"), inert("cat")
    ("'=1+1", '-0.5', 'cat')
    """
    if not isinstance(cell, str) or not cell.startswith(_FORMULAS):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
