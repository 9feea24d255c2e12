"""Texts to predict on: values in memory, lines of text files, and columns of tables."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zoo.data.text.documents import SUFFIXES as TEXT_SUFFIXES
from zoo.data.text.documents import read_lines
from zoo.errors import ZooError
from zoo.regular_files import exists

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
_SUFFIXES = tuple(dict.fromkeys([*TEXT_SUFFIXES, *TABLE_SUFFIXES]))


class Text(NamedTuple):
    """A text and its place."""

    place: str
    """The file and the line or row, counted from 1; the number of a text in memory, from 0."""
    text: str


def resolve_texts(source: Any) -> Any:
    """A path for the name of a file or folder, and a list of texts for a text or a list of them.

    Raises:
        ZooError: no such file, or values that are no texts.
    """
    if isinstance(source, Path) or (isinstance(source, str) and _is_name(source)):
        path = Path(source).expanduser()
        if not exists(path):
            raise ZooError(f"source={source} does not exist")
        return path
    return list_of_texts(source)


def list_of_texts(source: Any) -> list[str]:
    """A text, or texts, as a list.

    Raises:
        ZooError: values that are no texts, or none.
    """
    texts = [source] if isinstance(source, str) else source
    if not isinstance(texts, list | tuple):
        raise ZooError(f"this model reads texts: give a text, a list of them, or a file, not {type(source).__name__}")
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise ZooError(f"this model reads texts, and number {number} of the list is {type(text).__name__}")
    if not texts:
        raise ZooError("the source is an empty list: give at least one text")
    return list(texts)


def read_texts(source: Any, column: str) -> list[Text]:
    """The texts of a resolved source: lines of a text file, or a column of a table; blank ones are left out, counted.

    Raises:
        ZooError: an unreadable file, a missing column, or no text.
    """
    if not isinstance(source, Path):
        return [Text(str(number), text) for number, text in enumerate(source)]
    files = sorted(file for file in source.rglob("*") if _is_readable(file)) if source.is_dir() else [source]
    found = [text for file in files for text in _read(file, column)]
    texts = [text for text in found if text.text.strip()]
    if not texts:
        raise ZooError(f"source={source} holds no text ({' '.join(_SUFFIXES)})")
    if blank := len(found) - len(texts):
        print(f"{blank} of {len(found)} texts are blank and left out")
    return texts


def in_batches(texts: Sequence[Text], batch_size: int) -> Iterator[Sequence[Text]]:
    """Batches of texts in order.

    Raises:
        ZooError: the batch size is below 1.
    """
    if batch_size < 1:
        raise ZooError(f"`batch_size` (={batch_size}) must be at least 1")
    for start in range(0, len(texts), batch_size):
        yield texts[start : start + batch_size]


def _read(file: Path, column: str) -> Iterator[Text]:
    name = file.name.lower().removesuffix(".gz")
    if name.endswith(TABLE_SUFFIXES):
        from zoo.data.text.tables import read_columns  # pandas is optional

        for number, value in enumerate(read_columns(file, [column], options="column=…")[0], 1):
            yield Text(f"{file}, row {number}", value or "")
    elif name.endswith(TEXT_SUFFIXES):
        for number, line in read_lines(file):
            yield Text(f"{file}, line {number}", line.strip())
    else:
        raise ZooError(f"{file} is none of: {', '.join(_SUFFIXES)}")


def _is_name(source: str) -> bool:
    """Whether a text is meant as the name of a file or folder."""
    if not source.strip() or "\n" in source or len(source) > 4096:
        return False
    if source.lower().removesuffix(".gz").endswith(_SUFFIXES):
        return True
    try:
        return Path(source).expanduser().exists()
    except (OSError, RuntimeError):  # longer than a name may be, or of a user who is not there
        return False


def _is_readable(file: Path) -> bool:
    return file.is_file() and file.name.lower().removesuffix(".gz").endswith(_SUFFIXES)
