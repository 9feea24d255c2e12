"""Reads a file of tensors in either format; whatever reading raises becomes one line."""

from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.regular_files import open_regular
from zoo.tensor_files.archive import read_archive, read_stream
from zoo.tensor_files.plain import require_shallow
from zoo.tensor_files.unpickler import RefusedPickle

_ZIP = b"PK\x03\x04"


def read_tensors(path: str | Path, *, harmless: bool = False) -> Any:
    """Reads a file of `torch.save`: tensors on the CPU, in plain containers.

    `harmless`: settings and numbers that training scripts save beside the weights are skipped instead of refused.

    Raises:
        ZooError: the file is missing, damaged, or holds other objects.
    """
    with open_regular(path) as file:
        try:
            read = read_archive if file.peek(4)[:4] == _ZIP else read_stream
            content = read(file, harmless=harmless)
            require_shallow(content)
        except RefusedPickle as error:
            raise ZooError(f"{path} is refused: it is no checkpoint, or holds code instead of weights") from error
        except Exception as error:  # damaged bytes may raise anything, MemoryError and RecursionError among them
            raise ZooError(f"{path} cannot be read: it is cut short or damaged") from error
    return content
