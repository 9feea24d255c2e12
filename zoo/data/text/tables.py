"""Reads columns of text from CSV, JSON-lines, Parquet and plain text files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.data.frames.files import read_frame, with_index
from zoo.data.frames.parquet import require_proportionate
from zoo.data.frames.texts import texts_of
from zoo.data.text.documents import read_lines
from zoo.errors import ZooError, first_line

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
"""Formats of tables; all but Parquet also with .gz."""
_NAMED = 20  # keys of records in a message


def kind_of(file: Path) -> str | None:
    """The format of a file by its name, or None."""
    name = file.name.lower()
    return next((s for s in SUFFIXES if name.removesuffix("" if s == ".parquet" else ".gz").endswith(s)), None)


def read_columns(file: Path, columns: Sequence[str], *, options: str) -> list[list[str | None]]:
    """The values of columns as text without spaces around them, None where one is missing.

    CSV and TSV files are read, and refused, as in `zoo.data.frames`. `options` name columns, for a message.

    Raises:
        ZooError: a missing, empty or unreadable file, a missing column, or two columns of one name.
    """
    kind = kind_of(file)
    if kind is None:
        raise ZooError(f"{file} is none of: {', '.join(SUFFIXES)}")
    if not file.is_file():
        raise ZooError(f"{file} does not exist, or is no file")
    if file.stat().st_size == 0:
        raise ZooError(f"{file} is empty")
    frame = _frame(file, kind, columns)
    there = [str(name) for name in frame.columns]
    missing = [name for name in columns if name not in there]
    if missing:
        names = " and ".join(f"`{name}`" for name in missing)
        header = "; its first line must name its columns" if kind in (".csv", ".tsv") else ""
        raise ZooError(f"{file} has no column {names}; there are: {', '.join(there[:_NAMED])}; give {options}{header}")
    if frame.empty:
        raise ZooError(f"{file} has a header and no rows")
    return [_texts(frame[name], f"{file}, column `{name}`") for name in columns]


def _texts(column: pd.Series, where: str) -> list[str | None]:
    if kinds := {type(value).__name__ for value in column if not pd.api.types.is_scalar(value)}:
        raise ZooError(f"{where}: a {min(kinds)} stands where a text is expected")
    texts: list[str | None] = texts_of(column).tolist()
    return texts


def _frame(file: Path, kind: str, columns: Sequence[str]) -> pd.DataFrame:
    if kind in (".csv", ".tsv"):
        for _ in read_lines(file):  # names the byte that is no text, which pandas does not
            pass
        return read_frame(file, header=True, text=None)
    try:
        if kind == ".jsonl":
            return _records(file, columns)
        require_proportionate(file)
        return with_index(pd.read_parquet(file), str(file))
    except ImportError as error:
        raise ZooError(f"{file}: Parquet needs the package `pyarrow`: pip install pyarrow") from error
    except ZooError:
        raise
    except Exception as error:  # damaged bytes may raise anything
        raise ZooError(f"{file} cannot be read as {kind[1:]}: {first_line(error):.200}") from error


def _records(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The values of `columns` in each record; other keys, of which each record may have new ones, are only named."""
    records = [_record(line, f"{file}, line {number}") for number, line in read_lines(file) if line.strip()]
    if any(not isinstance(record, dict) for record in records):
        raise ValueError('each line must be an object, such as {"text": …, "label": …}')
    keys = dict.fromkeys(key for record in records for key in record)
    values = {key: pd.Series([record.get(key) for record in records], dtype=object) for key in columns if key in keys}
    return pd.DataFrame(values, columns=list(dict.fromkeys([*list(keys)[:_NAMED], *values])))


def _record(line: str, where: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:  # also of numbers with thousands of digits
        raise ZooError(f"{where}: no JSON, {str(error).partition(': line')[0]}") from error
