"""Reads files of tensors without running code from them."""

import pickle
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import torch

from zoo.errors import ZooError


def read_tensors(path: str | Path, *, harmless: Sequence[Any] = ()) -> Any:
    """Reads a file of tensors and plain containers, with tensors on the CPU; `harmless` types are built, too.

    Raises:
        ZooError: the file is missing, damaged, or holds other objects.
    """
    path = Path(path)
    if not path.is_file():
        raise ZooError(f"{path} {'is a folder, not a file' if path.is_dir() else 'does not exist'}")
    try:
        # torch treats a path by its suffix, so open the file; its warning about pickle protocols precedes an error
        with (
            warnings.catch_warnings(action="ignore"),
            torch.serialization.safe_globals([*harmless]),
            path.open("rb") as file,
        ):
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ZooError(f"{path} is refused: it is no checkpoint, or holds code instead of weights") from error
    except (RuntimeError, EOFError, BadZipFile, OSError, ValueError, KeyError, UnicodeDecodeError) as error:
        raise ZooError(f"{path} cannot be read: it is cut short or damaged") from error
