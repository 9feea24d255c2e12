"""Output that outlasts its reader: a pipe that closes, a terminal that goes, or a full disk does not end a run."""

import errno
import io
import os
import re
import sys
from contextlib import suppress
from typing import Any

_LOST = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO}
_COMMANDS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|(?!\A)\r(?!\n|\Z)")
_OF_BARS = re.compile(r"\n*(\x1b\[A)*\r?")


class _Lasting(io.FileIO):
    """A stream whose text is dropped from the first error on, with one line on standard error."""

    lost = False

    def write(self, data: Any) -> int:
        """Returns the number of bytes, written or dropped."""
        if not self.lost:
            try:
                return super().write(data)
            except OSError as error:
                if error.errno not in _LOST:
                    raise
                self.lost = True
                with suppress(OSError):
                    os.write(2, f"the output cannot be written ({error.strerror}): the command goes on\n".encode())
        return len(data)


class _Harmless(io.TextIOWrapper):
    """Escapes control characters, with which a name from a file could command the terminal or overwrite a line.

    Line ends and tabs stay, and what a progress bar writes: a return before it, and movements by themselves.
    """

    def write(self, text: str) -> int:
        """Returns the number of characters of `text`."""
        moves = _OF_BARS.fullmatch(text)
        super().write(text if moves else _COMMANDS.sub(lambda found: repr(found[0])[1:-1], text))
        return len(text)


def outlast_readers() -> None:
    """Replaces standard output and standard error, in which bytes of file names that are not UTF-8 become escapes.

    Streams that are no longer those of the process, such as those of a notebook or a test, stay. Colors of Python's
    own tracebacks are off, since they would be escaped.
    """
    os.environ.setdefault("PYTHON_COLORS", "0")
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream is not getattr(sys, f"__{name}__") or not hasattr(stream, "reconfigure"):
            continue
        stream.flush()
        buffer = io.BufferedWriter(_Lasting(stream.fileno(), "wb", closefd=False))
        lasting = _Harmless(
            buffer,
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=stream.line_buffering,
            write_through=name == "stderr",
        )
        setattr(sys, name, lasting)
