"""An image in a tar file, which is read at its place."""

import os
from pathlib import Path

from zoo.errors import ZooError
from zoo.regular_files import open_regular


class TarMember(os.PathLike[str]):
    """A file in a tar file, which stands where a path does."""

    def __init__(self, archive: Path, name: str, offset: int, size: int) -> None:
        self.archive = archive
        self.name = name
        self.offset = offset
        """Of its first byte."""
        self.size = size
        """In bytes."""

    def __fspath__(self) -> str:
        return f"{self.archive}/{self.name}"

    def __str__(self) -> str:
        return self.__fspath__()

    def read_bytes(self, limit: int | None = None) -> bytes:
        """The content, of at most `limit` bytes.

        Raises:
            ZooError: the tar file has vanished or is shorter than before, or the content is longer.
        """
        if limit is not None and self.size > limit:
            raise ZooError(f"{self} has more than the {limit:,} bytes that such a file may have")
        with open_regular(self.archive) as file:
            file.seek(self.offset)
            data = file.read(self.size)
        if len(data) < self.size:
            raise ZooError(f"{self} lies beyond the end of the tar file")
        return data
