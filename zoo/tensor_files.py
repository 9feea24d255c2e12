"""Reads files of tensors without running their code."""

import pickle
import warnings
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import torch

from zoo.errors import ZooError


def read_tensors(path: str | Path) -> Any:
    """What a file of tensors and plain containers holds, on the CPU; runs none of the file's code.

    Raises:
        ZooError: no such file, a broken one, or one that holds more than tensors and plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise ZooError(f"{path} {'is a folder, not a file' if path.is_dir() else 'does not exist'}")
    try:
        # a foreign pickle protocol is refused, not worth a warning; of a path torch would look at the ending first
        with warnings.catch_warnings(action="ignore"), path.open("rb") as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ZooError(f"{path} is refused: it is no checkpoint, or holds code instead of weights") from error
    except (RuntimeError, EOFError, BadZipFile, OSError, ValueError, KeyError, UnicodeDecodeError) as error:
        raise ZooError(f"{path} cannot be read: it is cut short or damaged") from error
