"""Checkpoint files appear whole or not at all: each is written beside its place and then moved there."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO


class StreamingCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint to its file; Lightning's own first makes it in memory, twice the size of the file."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Saves Lightning's dictionary."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _moved_there(path, lambda beside: torch.save(checkpoint, beside))


def link(written: Path, path: Path) -> None:
    """A second name of a file, in place of what bore it; a copy where the file system knows no second names."""

    def write(beside: Path) -> None:
        try:
            os.link(written, beside)
        except OSError:
            shutil.copyfile(written, beside)

    if not (path.exists() and path.samefile(written)):
        _moved_there(path, write)


def _moved_there(path: Path, write: Callable[[Path], object]) -> None:
    beside = path.with_suffix(".part")
    beside.unlink(missing_ok=True)
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
