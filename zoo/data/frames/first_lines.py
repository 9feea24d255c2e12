"""Checks of the first lines of a CSV file that pandas would read without an error, but wrongly."""

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pandas as pd

from zoo.data.compressed import open_table
from zoo.data.frames.texts import is_number
from zoo.errors import ZooError

MOST_COLUMNS = 10_000
IN_QUOTES = "put cells that hold a separator in quotes"
MORE_FIELDS = f"has more fields in its rows than in its header: name every column, and {IN_QUOTES}"
_BEGINNING = 1 << 20  # bytes
_OTHER_FILES = {
    "PK\x03\x04": "is an Excel or zip file: save it as CSV",
    "version https://git-lfs": "is a pointer of Git LFS, not the file: git lfs pull fetches it",
    "<": "is HTML or XML, not a table: save it as CSV",
}
_YEARS = (1500, 2200)
_SEPARATORS = {";": "`;`", "\t": "tabs", "|": "`|`"}


def check_first_lines(path: Path, separator: str, *, header: bool) -> None:
    """Checks the separator, and that a header is there if `header`, and else not.

    Raises:
        ZooError: names what to change.
    """
    with open_table(path) as file:
        text = file.read(_BEGINNING).decode("utf-8-sig", errors="replace")
    for beginning, what in _OTHER_FILES.items():
        if text.startswith(beginning):
            raise ZooError(f"{path} {what}")
    lines = [line for line in text.splitlines()[:5] if line.strip()]
    if lines and lines[0].count(separator) >= MOST_COLUMNS:
        raise ZooError(f"{path} has more than {MOST_COLUMNS:,} columns, and at most {MOST_COLUMNS:,} are read")
    rows = _rows(lines, separator)
    if rows and rows[0][0].casefold().startswith("sep="):
        raise ZooError(f"{path} begins with `{lines[0].strip()}`, which is no header: remove this line")
    for other, name in _SEPARATORS.items():
        if other != separator and _separates(_rows(lines, other), rows, other):
            how = "save it as .tsv" if other == "\t" else "save it with commas between, and points in numbers"
            raise ZooError(f"{path} separates its columns by {name}: {how}")
    if len(rows) < 2:
        return
    comment = (
        header and rows[0][0].startswith("#") and len(rows) > 2 and _are_names(rows[1]) and not _are_names(rows[2])
    )
    if comment or (header and len(rows[0]) == 1 and max(map(len, rows)) > 1):
        hint = "" if comment else f"; if it is the header, {IN_QUOTES}"
        raise ZooError(f"{path} begins with `{lines[0].strip()[:60]}` above its header: remove what is no header{hint}")
    if header and (twice := [name for name, count in Counter(map(str.strip, rows[0])).items() if name and count > 1]):
        raise ZooError(f"{path} has two columns `{twice[0]}`")
    if header and len(rows[0]) < len(rows[1]) and rows[1][-1].strip():  # R writes row names without a header
        raise ZooError(f"{path} {MORE_FIELDS}")
    if len(rows[0]) != len(rows[1]):
        return
    first, second = ([_kind(cell) for cell in row] for row in rows[:2])
    if header and first == second and set(first) & {"number", "time"} and not _counts(rows[0]):
        raise ZooError(
            f"{path} begins with values ({lines[0][:60]}), where names are expected: give data.header=false, "
            f"or names with letters"
        )
    if not header and _are_names(rows[0]) and set(second) & {"number", "time"}:
        raise ZooError(f"{path} begins with names ({lines[0][:60]}), where values are expected: give data.header=true")


def _rows(lines: list[str], separator: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    except csv.Error:
        return []


def _separates(rows: list[list[str]], expected: list[list[str]], separator: str) -> bool:
    """Whether all lines have as many fields, at least 2, and the `expected` fields of a line contain the separator."""
    alike = bool(rows) and len({len(row) for row in rows}) == 1 and len(rows[0]) > 1
    return alike and (len(rows) > 1 or len(expected[0]) == 1) and any(separator in cell for cell in expected[-1])


def _kind(cell: str) -> str:
    text = cell.strip()
    if is_number(text):
        return "number"
    return "time" if pd.notna(pd.to_datetime(text, errors="coerce", format="ISO8601")) else "text"


def _are_names(row: list[str]) -> bool:
    """Whether no cell is a number or a time."""
    return all(_kind(cell) == "text" for cell in row)


def describe_names(names: list[str], where: str) -> list[str]:
    """A line if all names of a header are numbers, which may be values."""
    if not names or any(_kind(name) != "number" for name in names):
        return []
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return [f"{where}: takes its first line ({shown}) for names; data.header=false reads it as values"]


def _counts(names: list[str]) -> bool:
    """Whether the numbers among names are 0, 1, 2, … or 1, 2, 3, … or evenly spaced years, as in a header."""
    numbers = [float(name) for name in names if _kind(name) == "number"]
    steps = {after - before for before, after in pairwise(numbers)}
    if numbers[:1] in ([0.0], [1.0]) and steps <= {1.0}:
        return len(numbers) > 1 or numbers == [0.0]
    years = all(number == int(number) and _YEARS[0] <= number <= _YEARS[1] for number in numbers)
    return years and len(steps) == 1 and steps != {0.0}
