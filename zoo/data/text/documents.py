"""Reads documents, as lists of sentences, from text and JSON-lines files."""

import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zlib import error as ZlibError

from zoo.data.compressed import open_table
from zoo.data.file_names import is_system_file
from zoo.data.text.corpus import Document
from zoo.data.text.sentences import Rule, sentences_of
from zoo.errors import ZooError

SUFFIXES = (".txt", ".md", ".jsonl")
_MARKS = {  # the longer ones first: one of them begins as one for UTF-16
    BOM_UTF32_LE: "UTF-32",
    BOM_UTF32_BE: "UTF-32",
    BOM_UTF16_LE: "UTF-16",
    BOM_UTF16_BE: "UTF-16",
}
Boundary = Literal["blank_line", "file", "line"]


@dataclass(frozen=True, kw_only=True)
class DocumentFiles:
    """The documents of files, read anew in each iteration.

    In text files a document ends at a blank line, at the end of a line, or at the end of the file. Each record of a
    JSON-lines file is a document, with its text under `key`.
    """

    files: list[Path]
    boundary: Boundary
    rule: Rule
    key: str

    def __iter__(self) -> Iterator[Document]:
        for file in self.files:
            yield from self._records(file) if _kind(file) == ".jsonl" else self._documents(file)

    def _documents(self, file: Path) -> Iterator[Document]:
        document: Document = []
        for _, line in read_lines(file):
            document += sentences_of(line, self.rule)
            if document and (self.boundary == "line" or (self.boundary == "blank_line" and not line.strip())):
                yield document
                document = []
        if document:
            yield document

    def _records(self, file: Path) -> Iterator[Document]:
        for number, line in read_lines(file):
            if line.strip():
                text = _text(line, self.key, f"{file}, line {number}")
                document = [part for each in text.splitlines() for part in sentences_of(each, self.rule)]
                if document:
                    yield document


def find_text_files(path: Path) -> list[Path]:
    """The file itself, or all text and JSON-lines files below a folder, compressed ones (.gz) included.

    Raises:
        ZooError: nothing is there, or nothing in one of these formats.
    """
    if path.is_file():
        if _kind(path) is None:
            raise ZooError(f"{path} is none of: {', '.join(SUFFIXES)}, each also with .gz")
        return [path]
    if not path.is_dir():
        raise ZooError(f"{path} does not exist")
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file() and not is_system_file(file.name) and _kind(file) is not None
    ]
    if not found:
        raise ZooError(f"{path} holds no text ({' '.join(SUFFIXES)}, each also with .gz)")
    return found


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a file in UTF-8, from 1.

    Raises:
        ZooError: names the file and the first byte that is no text.
    """
    place = 0
    try:
        with open_table(file) as lines:
            for number, line in enumerate(lines, 1):
                if place == 0 and (
                    other := next((name for mark, name in _MARKS.items() if line.startswith(mark)), None)
                ):
                    raise ZooError(f"{file} is in {other}; save it as UTF-8, as with iconv -f {other} -t UTF-8")
                if (zero := line.find(b"\0")) >= 0:
                    raise ZooError(f"{file}, byte {place + zero}: a zero, as in binary files; give a text file")
                yield number, _decoded(line, file, place)
                place += len(line)
    except (OSError, EOFError, ZlibError) as error:
        raise ZooError(f"{file} cannot be read: {error}") from error


def _decoded(line: bytes, file: Path, place: int) -> str:
    try:
        return line.decode("utf-8-sig" if place == 0 else "utf-8")
    except UnicodeDecodeError as error:
        raise ZooError(
            f"{file}, byte {place + error.start}: 0x{line[error.start]:02x} is no UTF-8; save the file as UTF-8, as "
            f"with iconv -f LATIN1 -t UTF-8"
        ) from error


def _kind(file: Path) -> str | None:
    name = file.name.lower().removesuffix(".gz")
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)


def _text(line: str, key: str, where: str) -> str:
    try:
        record: Any = json.loads(line)
    except (ValueError, RecursionError) as error:  # also of numbers with thousands of digits
        raise ZooError(f"{where}: no JSON, {str(error).partition(': line')[0]}") from error
    if not isinstance(record, dict) or not isinstance(record.get(key), str):
        keys = ", ".join(record) if isinstance(record, dict) else type(record).__name__
        raise ZooError(f"{where}: no text under `{key}`, and there are: {keys}; give data.key=NAME")
    return str(record[key])
