"""Reads files of tensors without running code from them."""

import json
import pickle
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import torch
from safetensors import SafetensorError, safe_open

from zoo.errors import ZooError

SAFETENSORS = ".safetensors"
DESCRIPTION = "zoo"
"""The entry of a checkpoint, and of the metadata of a safetensors file, that describes the model."""


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


def read_safetensors(path: str | Path) -> dict[str, Any]:
    """Reads the `state_dict` of a safetensors file, and the JSON of its description if it has one.

    Raises:
        ZooError: the file is missing or damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise ZooError(f"{path} does not exist")
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(DESCRIPTION)
            described = {DESCRIPTION: json.loads(text)} if text is not None else {}
            return described | {"state_dict": {key: file.get_tensor(key) for key in file.keys()}}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise ZooError(f"{path} cannot be read: it is cut short or damaged") from error
