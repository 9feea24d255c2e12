"""Opens a table or text that may be compressed, and ends what would grow out of proportion to its file."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.regular_files import open_regular

_RATIO, _FLOOR = 20, 1 << 26  # text of a table shrinks to a fifth or a tenth
_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_OTHERS = (".zst", ".tar", ".tgz")


def is_compressed(path: Path) -> bool:
    """Whether the last suffix of a name is that of a compression or an archive."""
    return path.suffix.lower() in (*_OPENERS, ".zip", *_OTHERS)


def open_table(path: Path) -> io.BufferedReader:
    """Opens a file, decompressed as its last suffix says.

    Reading raises ZooError beyond 20 times the size of the file, or 64 MiB if that is more.

    Raises:
        ZooError: no regular file, or a compression that is not read here.
    """
    suffix = path.suffix.lower()
    if suffix in _OTHERS:
        raise ZooError(f"{path}: tables are read plain or as .gz, .bz2, .xz and .zip: decompress it")
    file = open_regular(path)
    if not is_compressed(path):
        return file
    try:
        stream = _only_member(file, path) if suffix == ".zip" else _OPENERS[suffix](file)
    except BaseException:
        file.close()
        raise
    return io.BufferedReader(_Bounded(stream, file, path))


def most_bytes(path: Path) -> int:
    """The bytes that the content of a compressed file may have."""
    return max(_FLOOR, _RATIO * path.stat().st_size)


def _only_member(file: io.BufferedReader, path: Path) -> Any:
    archive = zipfile.ZipFile(file)
    names = [info for info in archive.infolist() if not info.is_dir()]
    if len(names) != 1:
        raise ZooError(f"{path} has {len(names)} files, where one table is expected")
    return archive.open(names[0])


class _Bounded(io.RawIOBase):
    def __init__(self, stream: Any, file: io.BufferedReader, path: Path) -> None:
        self.stream = stream
        self.file = file
        self.path = path
        self.left = most_bytes(path)

    def close(self) -> None:
        if not self.closed:
            self.stream.close()
            self.file.close()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.stream.read(len(buffer))
        self.left -= len(data)
        if self.left < 0:
            raise ZooError(f"{self.path} is a small file of more than {most_bytes(self.path):,} bytes: decompress it")
        buffer[: len(data)] = data
        return len(data)
