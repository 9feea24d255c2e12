"""Reads volumes from npy, npz, binvox and NIfTI files as `[C D H W]`, and stacks of volumes from npy files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor

from zoo.data.file_names import FileKind
from zoo.data.npy_files import load_mapped
from zoo.data.volumes.binvox import binvox_header, read_binvox
from zoo.data.volumes.header import CHANNELS, Header, bytes_per_voxel, has_channels_last
from zoo.data.volumes.nifti import nifti_header, read_nifti
from zoo.data.volumes.packed import packed_header, read_packed
from zoo.errors import ZooError, first_line

MAX_BYTES = 4 * 2**30
"""The largest array that is read into memory."""
_RATIO = 20  # bytes of an array per byte of its compressed file
_FLOOR = 2**28  # a small compressed file may hold so many bytes: masks shrink to a hundredth
_NUMBERS = "biuf"
_LAST = "it has the shape {}, with channels last, and they are expected before the depth: save np.moveaxis(array, {})"


class UnreadableVolume(ZooError):
    """A file that holds no volume; the message names the file and the reason."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"cannot read the volume `{path}`: {reason}")
        self.path = Path(path)
        self.reason = reason

    def __reduce__(self) -> tuple[type["UnreadableVolume"], tuple[Path, str]]:
        return UnreadableVolume, (self.path, self.reason)  # pickled by worker processes


def read_volume(path: Path) -> Shaped[Tensor, "c d h w"]:
    """Reads a volume; an array [D H W] gets one channel. Bytes and Booleans stay bytes, other numbers become float32.

    Raises:
        UnreadableVolume: no such file, another format, a damaged or empty array, infinite values, or another shape.
    """
    array = _read(path)
    return to_tensor(array.reshape(_volume_shape(array.shape, path)), path)


def read_stack(path: Path) -> Shaped[np.ndarray, "n c d h w"]:
    """Opens a stack of volumes: an npy file is mapped into memory, an npy.gz file is read.

    Raises:
        UnreadableVolume: as for `read_volume`.
    """
    array = _read(path)
    _stack_shape(array.shape, path)
    return array


def read_header(path: Path, *, stack: bool = False) -> Header:
    """Reads shape and units of a volume [C D H W], or of a `stack` [N C D H W], without its voxels.

    Raises:
        UnreadableVolume: as for `read_volume`, but for the values.
    """
    header: Header = _apply(_HEADERS, path)
    return header._replace(shape=(_stack_shape if stack else _volume_shape)(header.shape, path))


def _volume_shape(shape: tuple[int, ...], path: Path) -> tuple[int, ...]:
    """The shape with channels."""
    if has_channels_last(shape):
        raise UnreadableVolume(path, _LAST.format([*shape], "-1, 0"))
    found = (1, *shape) if len(shape) == 3 else shape
    if len(found) != 4 or found[0] > CHANNELS:
        raise UnreadableVolume(
            path,
            f"it has the shape {[*shape]}, and a volume is [D H W] or [C D H W] with at most {CHANNELS} "
            "channels; a stack of volumes is [N C D H W], one npy file per class",
        )
    return found


def _stack_shape(shape: tuple[int, ...], path: Path) -> tuple[int, ...]:
    if len(shape) != 5:
        hint = ": save array[:, None], with one channel" if len(shape) == 4 else ""
        raise UnreadableVolume(path, f"it has the shape {[*shape]}, and a stack is [N C D H W]{hint}")
    if has_channels_last(shape[1:]):
        raise UnreadableVolume(path, _LAST.format([*shape], "-1, 1"))
    return shape


def to_tensor(array: Shaped[np.ndarray, "..."], path: Path) -> Shaped[Tensor, "..."]:
    """Copies numbers into a tensor of bytes or float32.

    Raises:
        UnreadableVolume: no voxel, or values that are no finite numbers.
    """
    if not array.size:
        raise UnreadableVolume(path, f"it is empty: its shape is {list(array.shape)}")
    if array.dtype.kind not in _NUMBERS:
        raise UnreadableVolume(path, f"it holds {array.dtype} values, and voxels are numbers")
    if array.dtype in (np.uint8, np.bool_):
        return torch.from_numpy(array.astype(np.uint8))
    tensor = torch.from_numpy(array.astype(np.float32))
    if not tensor.isfinite().all():
        raise UnreadableVolume(path, "it holds NaN or infinite values")
    return tensor


def _read(path: Path) -> Shaped[np.ndarray, "..."]:
    array: np.ndarray = _apply(_READERS, path)
    return array


def _apply(readers: Mapping[str, Callable[[Path], Any]], path: Path) -> Any:
    """What the reader of a file's ending returns.

    Raises:
        UnreadableVolume: names the file.
    """
    if not path.is_file():
        raise UnreadableVolume(path, "it is not a file" if path.exists() else "the file does not exist")
    if not path.stat().st_size:
        raise UnreadableVolume(path, "the file is empty (zero bytes)")
    reader = next((read for ending, read in readers.items() if path.name.lower().endswith(ending)), None)
    if reader is None:
        raise UnreadableVolume(path, f"a volume is one of: {' '.join(VOLUMES.extensions)}")
    try:
        return reader(path)
    except ZooError:
        raise
    except Exception as error:  # damaged bytes may raise anything
        raise UnreadableVolume(path, first_line(error)) from None


def _most(path: Path) -> int:
    """The bytes that a compressed file may hold."""
    return min(max(_FLOOR, _RATIO * path.stat().st_size), MAX_BYTES)


def _mapped_header(path: Path) -> Header:
    array = load_mapped(path)
    return Header(array.shape, bytes_per_voxel(array.dtype))


_READERS: dict[str, Callable[[Path], np.ndarray]] = {
    ".npy": load_mapped,
    ".npy.gz": lambda path: read_packed(path, most=_most(path)),
    ".npz": lambda path: read_packed(path, most=_most(path)),
    ".binvox": lambda path: read_binvox(path, most=_most(path)),
    ".nii": lambda path: read_nifti(path, most=_most(path)),
    ".nii.gz": lambda path: read_nifti(path, most=_most(path)),
}
_HEADERS: dict[str, Callable[[Path], Header]] = {
    ".npy": _mapped_header,
    ".npy.gz": packed_header,
    ".npz": packed_header,
    ".binvox": binvox_header,
    ".nii": nifti_header,
    ".nii.gz": nifti_header,
}
VOLUMES = FileKind("volumes", tuple(_READERS))
STACKS = (".npy", ".npy.gz")
"""Endings of files that may hold a stack of volumes."""
