"""Reads columns of text from CSV, JSON-lines, Parquet and plain text files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.data.frames.parquet import require_proportionate
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
    frame = _frame(file, kind, columns)
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        there = ", ".join(map(str, frame.columns))
        names = " and ".join(f"`{name}`" for name in missing)
        raise ZooError(f"{file} has no column {names}; there are: {there}; give {options}")
    if frame.empty:
        raise ZooError(f"{file} has a header and no rows")
    if twice := next((name for name in columns if list(frame.columns).count(name) > 1), None):
        raise ZooError(f"{file} has two columns `{twice}`")
    return [[_text(value, f"{file}, column `{name}`") for value in frame[name]] for name in columns]


def _text(value: Any, where: str) -> str | None:
    if not pd.api.types.is_scalar(value):
        raise ZooError(f"{where}: a {type(value).__name__} stands where a text is expected")
    return None if pd.isna(value) else str(value)


def _frame(file: Path, kind: str, columns: Sequence[str]) -> pd.DataFrame:
    options: dict[str, Any] = {"dtype": str, "keep_default_na": False, "na_values": [""]}
    if kind in (".csv", ".tsv"):
        for _ in read_lines(file):  # names the byte that is no text, which pandas does not
            pass
    try:
        if kind == ".parquet":
            require_proportionate(file)
            return pd.read_parquet(file)
        if kind == ".jsonl":
            return _records(file, columns)
        return pd.read_csv(file, sep="\t" if kind == ".tsv" else ",", **options)
    except pd.errors.EmptyDataError as error:
        raise ZooError(f"{file} is empty") from error
    except ImportError as error:
        raise ZooError(f"{file}: Parquet needs the package `pyarrow`: pip install pyarrow") from error
    except ZooError:
        raise
    except Exception as error:  # damaged bytes may raise anything
        raise ZooError(f"{file} cannot be read as {kind[1:]}: {first_line(error):.200}") from error


def _records(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The values of `columns` in each record; other keys, of which each record may have new ones, are only named."""
    records = [json.loads(line) for _, line in read_lines(file) if line.strip()]
    if any(not isinstance(record, dict) for record in records):
        raise ValueError('each line must be an object, such as {"text": …, "label": …}')
    keys = dict.fromkeys(key for record in records for key in record)
    values = {key: pd.Series([record.get(key) for record in records], dtype=object) for key in columns if key in keys}
    return pd.DataFrame(values, columns=list(dict.fromkeys([*list(keys)[:_NAMED], *values])))
