"""Reads CSV and Parquet files as data frames."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.data.compressed import open_table
from zoo.data.frames.blank_lines import count_blank_lines
from zoo.data.frames.first_lines import IN_QUOTES, MORE_FIELDS, check_first_lines
from zoo.data.frames.parquet import require_proportionate
from zoo.errors import ZooError, first_line

SUFFIXES = (".csv", ".txt", ".tsv", ".parquet")
_MISSING = [
    "",
    "#N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
]
"""What pandas takes for a missing value."""


def read_frame(path: Path, *, header: bool, text: Sequence[str] | None = (), blank_rows: bool = False) -> pd.DataFrame:
    """Reads a file as a table; CSV may be compressed (.gz, .bz2, .xz, .zip). Without `header` columns are 0, 1, …

    The columns `text`, or all if it is None, keep their characters: `007` is no number, and `NA` is not missing. The
    index of a Parquet file becomes columns, unless it only numbers the rows. With `blank_rows`, a blank line between
    two rows of a CSV file is a row of missing values; by default it is skipped.

    Raises:
        ZooError: a missing, empty or unreadable file, or another format.
    """
    if not path.is_file():
        raise ZooError(f"{path} does not exist, or is no file")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((s for s in reversed(suffixes) if s in SUFFIXES), None)
    if kind is None:
        raise ZooError(f"{path} is none of: {', '.join(SUFFIXES)}, .npy")
    if path.stat().st_size == 0:
        raise ZooError(f"{path} is empty")
    try:
        frame = _read_parquet(path) if kind == ".parquet" else _read_csv(path, kind, header, text, blank_rows)
    except pd.errors.EmptyDataError as error:
        raise ZooError(f"{path} is empty") from error
    except ImportError as error:
        raise ZooError(f"{path}: Parquet needs the package `pyarrow`: pip install pyarrow") from error
    except ZooError:
        raise
    except UnicodeError as error:
        raise ZooError(f"{path} is no text in UTF-8: save it as UTF-8") from error
    except Exception as error:  # damaged bytes may raise anything
        hint = f"; {IN_QUOTES}" if isinstance(error, pd.errors.ParserError) and "Expected" in str(error) else ""
        raise ZooError(f"{path} cannot be read as {kind[1:]}: {first_line(error):.200}{hint}") from error
    if header and text is not None and kind != ".parquet" and _repeats_names(frame):
        raise ZooError(
            f"{path} begins with values ({', '.join(map(str, frame.columns[:5]))}), which its columns hold again, "
            f"where names are expected: give data.header=false"
        )
    frame.columns = [str(name).strip() for name in frame.columns]
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ZooError(f"{path} has two columns `{twice[0]}`")
    return frame


def with_index(frame: pd.DataFrame, where: str = "the data frame") -> pd.DataFrame:
    """Turns the index into columns, unless it only numbers the rows or repeats a column; periods become times.

    Raises:
        ZooError: columns whose names have several levels.
    """
    if frame.columns.nlevels > 1:
        shown = ", ".join(map(str, frame.columns[0]))
        raise ZooError(
            f"{where} names its columns in {frame.columns.nlevels} levels ({shown}): join them, as with "
            f'frame.columns = ["_".join(map(str, names)) for names in frame.columns]'
        )
    there = [name for name in frame.index.names if name is not None and name in frame.columns]
    for name in there:
        if np.array_equal(frame.index.get_level_values(name), frame[name]):
            frame = frame.drop(columns=name)
    numbers_rows = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    frame = frame.reset_index(drop=numbers_rows)
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.PeriodDtype):
            frame[name] = frame[name].dt.to_timestamp()
    return frame


def read_cells(path: Path, names: Sequence[str], *, header: bool) -> pd.DataFrame:
    """The cells of some columns of a CSV file, as written.

    Raises:
        ZooError: as `read_frame`.
    """
    return read_frame(path, header=header, text=names)[[*names]]


def _repeats_names(frame: pd.DataFrame) -> bool:
    """Whether the columns, two or more, all hold their own name as a text."""
    texts = all(pd.api.types.is_string_dtype(frame[name]) for name in frame.columns)
    return texts and frame.shape[1] > 1 and all((frame[name] == name).any() for name in frame.columns)


def _read_parquet(path: Path) -> pd.DataFrame:
    require_proportionate(path)
    frame = with_index(pd.read_parquet(path), str(path))
    for name in (each for each in frame.columns if pd.api.types.is_object_dtype(frame[each])):
        kinds = {type(value).__name__ for value in frame[name] if not pd.api.types.is_scalar(value)}
        if kinds:
            raise ZooError(f"{path}: column `{name}` holds a {min(kinds)} in a cell: write it without this column")
    return frame


def _parsed(path: Path, **options: Any) -> pd.DataFrame:
    with open_table(path) as file:
        frame: pd.DataFrame = pd.read_csv(file, **options)
    return frame


def _read_csv(path: Path, kind: str, header: bool, text: Sequence[str] | None, blank_rows: bool) -> pd.DataFrame:
    separator = "\t" if kind == ".tsv" else ","
    check_first_lines(path, separator, header=header)
    options: dict[str, Any] = {"sep": separator, "header": 0 if header else None, "skipinitialspace": True}
    if text is None:
        options |= {"dtype": str, "keep_default_na": False}
    elif text:
        names = list(_parsed(path, **options, nrows=1).columns)
        options["dtype"] = {name: str for name in names if str(name).strip() in text}
        options["keep_default_na"] = False
        options["na_values"] = {name: _MISSING for name in names if str(name).strip() not in text}
    if not blank_rows:
        frame = _with_named_columns(path, options)
    else:
        blank = count_blank_lines(path, separator, header=header)
        frame = _with_named_columns(path, options | {"skip_blank_lines": False, "skiprows": blank.above})
        frame = frame.iloc[blank.below : max(len(frame) - blank.after, blank.below)].reset_index(drop=True)
    if kind == ".tsv":
        _require_single_lines(path, frame)
    return frame


def _require_single_lines(path: Path, frame: pd.DataFrame) -> None:
    """Refuses a cell of several lines with tabs: a quotation mark that begins a text joins all lines up to the next."""
    for name in (each for each in frame.columns if not pd.api.types.is_numeric_dtype(frame[each])):
        for row, value in enumerate(frame[name].tolist(), 1):
            if isinstance(value, str) and "\t" in value and "\n" in value:
                first, *others = value.splitlines()
                raise ZooError(
                    f"{path}, row {row}, column `{name}`: a quotation mark before `{first[:20]}` joins "
                    f"{len(others) + 1} lines: remove it, or write the text in quotes, with its own doubled"
                )


def _with_named_columns(path: Path, options: dict[str, Any]) -> pd.DataFrame:
    frame = _parsed(path, **options)
    if isinstance(frame.index, pd.RangeIndex):
        return frame
    last = frame.iloc[:, -1]
    if frame.index.nlevels > 1 or not (last.isna() | (last == "")).all():  # pandas takes the first fields for row names
        raise ZooError(f"{path} {MORE_FIELDS}")
    with warnings.catch_warnings(action="ignore", category=pd.errors.ParserWarning):  # of the empty last field
        return _parsed(path, **options, index_col=False)
