"""Reads a file of tensors in either format; whatever reading raises becomes one line."""

import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.regular_files import open_regular
from zoo.tensor_files.archive import read_archive, read_stream
from zoo.tensor_files.plain import require_shallow
from zoo.tensor_files.unpickler import RefusedPickle

_ZIP = b"PK\x03\x04"
_OTHER_FILES = {
    b"<": "is a web page: download the file itself",
    b"version https://git-lfs": "is a pointer of Git LFS, not the file: git lfs pull fetches it",
    b"\x1f\x8b": "is compressed: unpack it with gzip or tar",
    b"\x89HDF": "is an HDF5 file of Keras, whose weights have another layout",
}


def is_archive(path: Path) -> bool:
    """Whether the file is a zip archive, as `torch.save` writes it."""
    with open_regular(path) as file:
        return bool(file.peek(4)[:4] == _ZIP)


def read_tensors(path: str | Path, *, harmless: bool = False) -> Any:
    """Reads a file of `torch.save`: tensors on the CPU, in plain containers.

    `harmless`: settings and numbers that training scripts save beside the weights are skipped instead of refused.

    Raises:
        ZooError: the file is missing, damaged, or holds other objects.
    """
    with open_regular(path) as file:
        for beginning, what in _OTHER_FILES.items():
            if file.peek(32).startswith(beginning):
                raise ZooError(f"{path} {what}")
        try:
            read = read_archive if file.peek(4)[:4] == _ZIP else read_stream
            content = read(file, harmless=harmless)
            require_shallow(content)
        except RefusedPickle as error:
            if (kind := _other_archive(path)) is not None:
                raise ZooError(f"{path} {kind}") from error
            named = " " not in str(error)
            held = f" (`{error!s:.80}`): save model.state_dict(), of tensors alone" if named else ""
            raise ZooError(f"{path} is refused: it is no checkpoint, or holds code instead of weights{held}") from error
        except Exception as error:  # damaged bytes may raise anything, MemoryError and RecursionError among them
            if (kind := _other_archive(path)) is not None:
                raise ZooError(f"{path} {kind}") from error
            raise ZooError(f"{path} cannot be read: it is cut short or damaged") from error
    return content


def _other_archive(path: Path | str) -> str | None:
    """What a zip archive is that `torch.save` has not written; None if it is unknown."""
    with suppress(Exception), open_regular(path) as file, zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if names and all(name.endswith(".npy") for name in names):
            return "is an archive of NumPy arrays: save a dictionary of tensors with torch.save"
        if any(name.endswith("/constants.pkl") for name in names):
            return "is a TorchScript file, which holds code: save torch.jit.load(FILE).state_dict() with torch.save"
    return None
