"""Reads columns of text from CSV, JSON-lines, Parquet and plain text files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.data.text.documents import read_lines
from zoo.errors import ZooError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
"""Formats of tables; all but Parquet also with .gz."""


def kind_of(file: Path) -> str | None:
    """The format of a file by its name, or None."""
    name = file.name.lower()
    return next((s for s in SUFFIXES if name.removesuffix("" if s == ".parquet" else ".gz").endswith(s)), None)


def read_columns(file: Path, columns: Sequence[str], *, options: str) -> list[list[str | None]]:
    """The values of columns as text, None where one is missing; `options` name columns, for a message.

    Raises:
        ZooError: a missing, empty or unreadable file, or a missing column.
    """
    kind = kind_of(file)
    if kind is None:
        raise ZooError(f"{file} is none of: {', '.join(SUFFIXES)}")
    if not file.is_file():
        raise ZooError(f"{file} does not exist, or is no file")
    if file.stat().st_size == 0:
        raise ZooError(f"{file} is empty")
    frame = _frame(file, kind)
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        there = ", ".join(map(str, frame.columns))
        names = " and ".join(f"`{name}`" for name in missing)
        raise ZooError(f"{file} has no column {names}; there are: {there}; give {options}")
    if frame.empty:
        raise ZooError(f"{file} has a header and no rows")
    return [[None if pd.isna(value) else str(value) for value in frame[name]] for name in columns]


def _frame(file: Path, kind: str) -> pd.DataFrame:
    options: dict[str, Any] = {"dtype": str, "keep_default_na": False, "na_values": [""]}
    if kind in (".csv", ".tsv", ".jsonl"):
        for _ in read_lines(file):  # names the byte that is no text, which pandas does not
            pass
    try:
        if kind == ".parquet":
            return pd.read_parquet(file)
        if kind == ".jsonl":
            return pd.read_json(file, lines=True, dtype=False)
        return pd.read_csv(file, sep="\t" if kind == ".tsv" else ",", **options)
    except pd.errors.EmptyDataError as error:
        raise ZooError(f"{file} is empty") from error
    except ImportError as error:
        raise ZooError(f"{file}: Parquet needs the package `pyarrow`: pip install pyarrow") from error
    except (pd.errors.ParserError, ValueError, OSError, EOFError) as error:
        raise ZooError(f"{file} cannot be read as {kind[1:]}: {str(error).splitlines()[0]}") from error
