"""Opens regular files alone: a pipe or a device would block, or never end."""

import os
import stat
from io import BufferedReader
from pathlib import Path

from zoo.errors import ZooError

_ANY = 1 << 62
_SHOWN = 80  # characters of a name in a message
_TEXT = 1 << 24  # bytes, which are parsed at ten times their size and more


def exists(path: Path) -> bool:
    """Returns whether a path of a user exists.

    Raises:
        ZooError: it is longer than names of files may be, or lies where this user may not look.
    """
    try:
        return path.exists()
    except OSError as error:
        name = str(path)
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        raise ZooError(f"{shown} cannot be opened: {error.strerror}") from None


def open_regular(path: str | Path) -> BufferedReader:
    """Opens a file for reading.

    Raises:
        ZooError: it does not exist, may not be read, or is a folder, a pipe or a device.
    """
    path = Path(path)
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise ZooError(f"{path} does not exist") from None
    except (OSError, ValueError) as error:  # the latter for a null byte in the name
        raise ZooError(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}") from None
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise ZooError(f"{path} is a {'folder' if stat.S_ISDIR(mode) else 'pipe or a device'}, not a file")
    return open(handle, "rb")  # noqa: PTH123, of a handle, for the caller to close


def read_regular(path: str | Path, *, limit: int = _ANY) -> bytes:
    """Reads a file of at most `limit` bytes.

    Raises:
        ZooError: as `open_regular`, or the file is larger.
    """
    with open_regular(path) as file:
        try:
            data = file.read(min(limit, os.fstat(file.fileno()).st_size) + 1)
        except OSError as error:
            raise ZooError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > limit:
        raise ZooError(f"{path} has more than the {limit:,} bytes that such a file may have")
    return data


def read_text(path: str | Path, *, limit: int = _TEXT) -> str:
    """Reads a text of at most `limit` bytes, without the byte-order mark of Windows editors.

    Raises:
        ZooError: as `read_regular`, or the file is not UTF-8.
    """
    try:
        return read_regular(path, limit=limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ZooError(f"{path} is no text in UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8") from None
