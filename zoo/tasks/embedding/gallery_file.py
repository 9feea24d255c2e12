"""The file of a gallery: saved atomically, loaded without running any code.

The file belongs to the model that computed the embeddings. It holds the fingerprint of the model and a hash of its own
content.
"""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import Tensor

from zoo.errors import ZooError
from zoo.tasks.embedding import Embedding
from zoo.tasks.embedding.fingerprint import digest, fingerprint
from zoo.tasks.embedding.gallery import FileVersion, Gallery
from zoo.tensor_files.read import read_tensors

_FORMAT = 2
_PATIENCE = 600  # seconds


def save_gallery(gallery: Gallery, path: Path) -> None:
    """Writes the file atomically: an existing file stays until the new one is complete.

    Symbolic links and the permissions of an existing file are kept.

    Raises:
        ZooError: the file is no longer the one that the gallery was read from.
    """
    path = path.resolve()
    content = {
        "zoo_gallery": _FORMAT,
        "model": gallery.model,
        "names": gallery.names,
        "vectors": gallery.vectors.contiguous(),
        "digest": digest(_FORMAT, gallery.model, gallery.names, gallery.vectors),
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        existing, written = _version(path), _version(Path(temporary))
        if existing not in (None, gallery.file_version):
            raise ZooError(f"{path} was written by another command meanwhile and is left as it is: try again")
        if existing is not None:
            shutil.copymode(path, temporary)
        Path(temporary).replace(path)
        gallery.file_version = written
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lets one command at a time change a gallery; others wait.

    Raises:
        ZooError: another command has not finished within ten minutes.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=_PATIENCE):
            yield
    except Timeout:
        raise ZooError(f"another command has been changing {path} for {_PATIENCE} s: try again later") from None


def load_gallery(path: Path, task: Embedding) -> Gallery:
    """Loads a gallery; returns an empty one if the file does not exist yet.

    Raises:
        ZooError: the file is truncated, edited, not a gallery, or belongs to another model.
    """
    model = fingerprint(task)
    if not path.exists():
        return Gallery(model, [], torch.zeros(0, 0))
    gallery = read_gallery(path)
    if gallery.model != model:
        raise ZooError(
            f"{path} was enrolled with another model, whose distances mean something else: "
            f"give its checkpoint, or enroll the images again into another gallery=FILE"
        )
    return gallery


def read_gallery(path: Path) -> Gallery:
    """Loads a gallery of any model.

    Raises:
        ZooError: the file is missing, truncated, edited, not a gallery, or has another format.
    """
    if not path.exists():
        raise ZooError(f"{path} does not exist: enroll somebody first, or name another file with gallery=…")
    version = _version(path)
    content = read_tensors(path)
    written = content.get("zoo_gallery") if isinstance(content, dict) else None
    if not isinstance(written, int):
        raise ZooError(f"{path} is no gallery")
    if written != _FORMAT:
        raise ZooError(
            f"{path} is a gallery of format {written}, and this version reads {_FORMAT}: "
            f"enroll the images again into another gallery=FILE"
        )
    model, names, vectors = content.get("model"), content.get("names"), content.get("vectors")
    refused = f"{path} is refused: it was changed after it was written; enroll again or bring back a copy"
    if not (isinstance(model, str) and _valid_names(names) and _valid_vectors(vectors) and len(names) == len(vectors)):
        raise ZooError(refused)
    if content.get("digest") != digest(_FORMAT, model, names, vectors):
        raise ZooError(refused)
    return Gallery(model, names, vectors, version)


def _version(path: Path) -> FileVersion | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return FileVersion(status.st_ino, status.st_mtime_ns, status.st_size)


def _valid_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _valid_vectors(value: Any) -> bool:
    if not isinstance(value, Tensor) or value.layout != torch.strided or value.device.type != "cpu":
        return False
    return value.dtype == torch.float32 and value.ndim == 2
