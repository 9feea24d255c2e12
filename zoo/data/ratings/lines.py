"""Reads files of ratings in batches of columns: separated text, compressed or not, and Parquet."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from zoo.data.compressed import is_compressed, open_table
from zoo.data.frames.parquet import require_proportionate
from zoo.data.frames.texts import is_number
from zoo.errors import ZooError

_BLOCK = 2**24  # bytes of text read at a time
_ROWS = 2**19  # of Parquet read at a time
MAX_ROWS = 2**31 - 1
"""Ratings of a file at most."""
_SEPARATORS = ("::", "\t", ",", ";", "|", " ")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The separator and the column names of a text file; numbers from 0 without a header."""

    separator: str
    names: list[str]
    header: bool


def read_batches(path: Path, *, least: int = 2) -> Iterator[pa.RecordBatch]:
    """Yields the columns of a file in batches, those of text files as text; at least `least` columns.

    Raises:
        ZooError: a missing, empty or unreadable file.
    """
    if not path.is_file():
        raise ZooError(f"{path} does not exist, or is no file")
    if path.stat().st_size == 0:
        raise ZooError(f"{path} is empty")
    try:
        rows = 0
        for batch in _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_text(path, least):
            rows += len(batch)
            _require_few(rows, path)
            yield batch
    except (pa.ArrowException, OSError, UnicodeDecodeError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise ZooError(f"{path} cannot be read: {reason}") from error


def _require_few(rows: int, path: Path) -> None:
    if rows > MAX_ROWS:
        raise ZooError(f"{path} has more than {MAX_ROWS:,} rows, the most that are read")


def find_layout(lines: list[str], where: str, least: int = 2) -> Layout:
    """Finds the separator and the header from the first lines.

    The first separator that splits the first line counts. A header is a first line whose third field, or the last of
    two, is no number while that of the second line is one; or a first line of known names.

    Raises:
        ZooError: no table, one column only where two are needed, or several spaces between columns.

    >>> find_layout(["1::1193::5::978300760"], "ratings.dat").names
    ['0', '1', '2', '3']
    >>> find_layout(["userId,movieId,rating", "1,31,2.5"], "ratings.csv").names
    ['userId', 'movieId', 'rating']
    """
    separator = next((each for each in _SEPARATORS if each in lines[0].strip()), None)
    if separator is None and least < 2:
        separator = ","
    strange = separator is None and ("\ufffd" in lines[0] or not lines[0].strip().isprintable())
    if strange or "\0" in lines[0] or lines[0].lstrip().startswith(("{", "[")):
        raise ZooError(f"{where} is no table: lines of text or a Parquet file are expected")
    if separator is None:
        raise ZooError(
            f"{where} has one column ({lines[0][:60]}): ratings need a user, an item and a rating in each line, "
            f"separated by commas, tabs, `::`, semicolons or spaces"
        )
    if separator == " " and (lines[0].startswith(" ") or "  " in lines[0].strip()):
        raise ZooError(f"{where} separates columns by several spaces ({lines[0][:60]}): one is expected, or a tab")
    try:
        rows = [_fields(line, separator) for line in lines]
    except csv.Error as error:
        raise ZooError(f"{where} cannot be read: {error}") from None
    header = min(len(rows[0]), len(rows[-1])) > 2 and not is_number(rows[0][2]) and is_number(rows[-1][2])
    header = header or any(field.strip().lower() in KNOWN_NAMES for field in rows[0])
    names = [field.strip() for field in rows[0]] if header else [str(k) for k in range(len(rows[0]))]
    return Layout(separator=separator, names=names, header=header)


KNOWN_NAMES = frozenset({"user", "userid", "user_id", "item", "itemid", "item_id", "movieid", "movie_id", "rating"})


def _read_parquet(path: Path) -> Iterator[pa.RecordBatch]:
    require_proportionate(path)
    file = pa.parquet.ParquetFile(path)
    _require_few(file.metadata.num_rows, path)
    yield from file.iter_batches(_ROWS)


def _read_text(path: Path, least: int) -> Iterator[pa.RecordBatch]:
    with _opened(path) as stream:
        head = _head(stream)
    lines = [line for line in head.splitlines() if line.strip()][:2]
    if not lines:
        raise ZooError(f"{path} is empty")
    layout = find_layout(lines, str(path), least)
    single, names = layout.separator[0], layout.names
    columns = [f"{name}" for name in names]
    if layout.separator == "::":  # one character separates for the reader: each second field is empty
        columns = [each for k, name in enumerate(names) for each in (name, f"empty {k}")][:-1]
    try:
        yield from pa.csv.open_csv(
            _opened(path),
            read_options=pa.csv.ReadOptions(column_names=columns, skip_rows=int(layout.header), block_size=_BLOCK),
            parse_options=pa.csv.ParseOptions(delimiter=single),
            convert_options=pa.csv.ConvertOptions(
                include_columns=names, column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        if layout.separator != "::":
            raise
        raise pa.ArrowInvalid(re.sub(r"(?<=Expected )\d+|(?<=got )\d+", _without_empty, str(error))) from error


def _opened(path: Path) -> pa.NativeFile:
    return pa.PythonFile(open_table(path)) if is_compressed(path) else pa.OSFile(str(path))


def _without_empty(count: re.Match[str]) -> str:
    """A number of columns without the empty ones between colons."""
    return str(int(count[0]) // 2 + 1)


def _head(stream: pa.NativeFile) -> str:
    text: str = stream.read(2**16).decode("utf-8-sig", errors="replace")
    return text


def _fields(line: str, separator: str) -> list[str]:
    if len(separator) > 1:
        return line.split(separator)
    return next(csv.reader(io.StringIO(line), delimiter=separator))
