"""Reads and writes checkpoint files, the latter atomically: to a file beside them, which is then renamed."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from zoo.tensor_files.read import read_tensors


class StreamingCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint straight to its file; Lightning first builds it in memory, at twice the size of the file.

    Reads it as `zoo.load` does.
    """

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        """Reads the dictionary of Lightning, with tensors on the CPU; no code from the file runs."""
        checkpoint: dict[str, Any] = read_tensors(path)
        return checkpoint

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Saves the dictionary of Lightning."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda beside: torch.save(checkpoint, beside))


def link(written: Path, path: Path) -> None:
    """Hard-links `path` to `written`, replacing any existing file; copies if links are unsupported."""

    def write(beside: Path) -> None:
        try:
            os.link(written, beside)
        except OSError:
            shutil.copyfile(written, beside)

    if not (path.exists() and path.samefile(written)):
        write_atomically(path, write)


def _flush(path: Path) -> None:
    """Waits until a file, or the entries of a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Calls `write` with a path beside `path`, then renames that file to `path`."""
    beside = path.with_suffix(".part")
    beside.unlink(missing_ok=True)
    try:
        try:
            write(beside)
        except RuntimeError as error:  # PyTorch's writer raises a RuntimeError when the disk is full
            if "inline_container" not in str(error) and "PytorchStreamWriter" not in str(error):
                raise
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path.parent)) from error
        _flush(beside)  # else the new name may survive a power failure and its content not
        beside.replace(path)
        _flush(path.parent)
    finally:
        beside.unlink(missing_ok=True)
