"""What a prediction reads: files, folders, patterns, addresses, and values in memory."""

import glob
import logging
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from zoo.data.file_names import FileKind
from zoo.data.images.files import UnreadableImage, decoding_errors
from zoo.data.images.in_memory import MemoryImage, is_image, memory_images
from zoo.errors import ZooError
from zoo.prediction.camera import take_image
from zoo.regular_files import exists

_log = logging.getLogger(__name__)
_SECONDS = 30


def resolve_source(source: Any) -> Any:
    """Returns an existing path as it is, a data frame as it is, and a list of paths and images in memory for the rest.

    The rest: a pattern such as `photos/*.jpg`, an address (http, https), the number of a camera for one image of it,
    encoded bytes, a Pillow image, an array, a tensor, and a list or tuple of all these.

    Raises:
        ZooError: nothing has this name, or another type.
    """
    if isinstance(source, str | Path):
        return _named(str(source))
    if hasattr(source, "columns") and hasattr(source, "index"):  # a data frame; pandas is optional
        return source
    if isinstance(source, int) and not isinstance(source, bool):
        path = Path(str(source))  # the command line reads the name 2026 as a number
        return path if path.exists() else [take_image(source)]
    if is_image(source):
        return _in_memory(source, "image")
    if isinstance(source, list | tuple):
        if not source:
            raise ZooError("the source is an empty list: give at least one path, pattern, address or image")
        return [each for number, part in enumerate(source) for each in _listed(part, number)]
    raise ZooError(
        f"a prediction reads no {type(source).__name__}: give a path, a pattern, an address, the number of a "
        f"camera, bytes, a Pillow image, an array, a tensor, a data frame, or a list of them"
    )


def name_gray_batch(source: Any, card: Mapping[str, Any]) -> None:
    """Names an array [3 H W] or [4 H W] in the log, where a batch of images may be meant for a model of gray ones."""
    shape: Sequence[int] = getattr(source, "shape", ())
    gray = (card.get("preprocessing") or {}).get("channels") == 1
    if gray and len(shape) == 3 and shape[0] in (3, 4) and shape[2] not in (1, 3, 4):
        text = "the shape %s is read as one image of %d channels [C H W]; a batch of gray images is [N 1 H W]"
        _log.warning(text, tuple(shape), shape[0])


def files_below(kind: FileKind, path: Path) -> list[Path]:
    """Returns the file itself, or all files of a kind below a folder.

    Raises:
        ZooError: the folder holds none.
    """
    if not path.is_dir():
        return [path]
    files = [path / name for name in kind.names(path)]
    if not files:
        raise ZooError(f"source={path} holds no {kind.noun} ({' '.join(kind.extensions)})")
    return files


def _listed(part: Any, number: int) -> list[Path | MemoryImage]:
    """One entry of a list; bytes or an address that cannot be read become an image with an error."""
    name = f"image_{number}"
    try:
        found = _in_memory(part, name) if is_image(part) else resolve_source(part)
    except UnreadableImage as error:
        return [MemoryImage(name if is_image(part) else str(part), None, error.reason)]
    return [*found] if isinstance(found, list) else [found]


def _in_memory(value: Any, name: str) -> list[MemoryImage]:
    if not isinstance(value, bytes | bytearray):
        return memory_images(value, name)
    with decoding_errors(name):
        return memory_images(value, name)


def _named(source: str) -> Path | list[Path | MemoryImage]:
    if not source:
        raise ZooError("the source is an empty text: give a path, a pattern or an address; `.` is the current folder")
    if source.startswith(("http://", "https://")):
        return [*_in_memory(_download(source), source)]
    path = Path(source).expanduser()
    if exists(path):
        return path
    if not glob.has_magic(source):
        raise ZooError(f"source={source} does not exist")
    names = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207, a pattern may be absolute
    found: list[Path | MemoryImage] = [Path(name) for name in names if "**" not in source or Path(name).is_file()]
    if not found:
        raise ZooError(f"source={source} matches no file")
    return found


def _download(address: str) -> bytes:
    try:
        with urlopen(Request(address, headers={"User-Agent": "zoo"}), timeout=_SECONDS) as response:
            content: bytes = response.read()
    except (OSError, ValueError, HTTPException) as error:
        raise UnreadableImage(address, str(getattr(error, "reason", error))) from None
    return content
