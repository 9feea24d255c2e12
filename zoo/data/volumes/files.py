"""Reads volumes from npy, npz, binvox and NIfTI files as `[C D H W]`, and stacks of volumes from npy files."""

import gzip
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Shaped
from numpy.lib import format as npy
from torch import Tensor

from zoo.data.file_names import FileKind
from zoo.data.npy_files import load_mapped
from zoo.data.volumes.binvox import read_binvox
from zoo.distribution import install_command
from zoo.errors import ZooError, first_line

MAX_BYTES = 4 * 2**30
_RATIO, _FLOOR = 20, 2**28  # masks shrink to a hundredth, and are small
"""The largest array that is read into memory."""
_CHANNELS = 16  # a first axis above it is a stack of volumes rather than channels
_NUMBERS = "biuf"


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
    if array.ndim == 3:
        array = array[None]
    if array.ndim != 4 or array.shape[0] > _CHANNELS:
        raise UnreadableVolume(
            path,
            f"it has the shape {list(array.shape)}, and a volume is [D H W] or [C D H W] with at most {_CHANNELS} "
            "channels; a stack of volumes is [N C D H W], one npy file per class",
        )
    return to_tensor(array, path)


def read_stack(path: Path) -> Shaped[np.ndarray, "n c d h w"]:
    """Opens a stack of volumes: an npy file is mapped into memory, an npy.gz file is read.

    Raises:
        UnreadableVolume: as for `read_volume`.
    """
    array = _read(path)
    if array.ndim != 5:
        hint = ": save array[:, None], with one channel" if array.ndim == 4 else ""
        raise UnreadableVolume(path, f"it has the shape {list(array.shape)}, and a stack is [N C D H W]{hint}")
    return array


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
    if not path.is_file():
        raise UnreadableVolume(path, "it is not a file" if path.exists() else "the file does not exist")
    if not path.stat().st_size:
        raise UnreadableVolume(path, "the file is empty (zero bytes)")
    reader = next((read for ending, read in _READERS.items() if path.name.lower().endswith(ending)), None)
    if reader is None:
        raise UnreadableVolume(path, f"a volume is one of: {' '.join(VOLUMES.extensions)}")
    try:
        return reader(path)
    except ZooError:
        raise
    except Exception as error:  # damaged bytes may raise anything
        raise UnreadableVolume(path, first_line(error)) from None


def _npy_gz(path: Path) -> Shaped[np.ndarray, "..."]:
    with gzip.open(path) as file:
        return _npy_stream(file, _most(path))


def _npz(path: Path) -> Shaped[np.ndarray, "..."]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        if len(names) != 1:
            raise ValueError(f"it holds {len(names)} arrays, and a volume is one: {', '.join(names[:5])}")
        with archive.open(names[0]) as file:
            return _npy_stream(file, _most(path))


def _most(path: Path) -> int:
    """The bytes that a compressed file may hold: 20 times its size, or 256 MiB if that is more."""
    return min(max(_FLOOR, _RATIO * path.stat().st_size), MAX_BYTES)


def _require_size(size: int, most: int) -> None:
    if size > most:
        raise ValueError(
            f"its header promises {size / 2**30:.1f} GiB; at most {most / 2**30:.2g} are read from a file of its size"
        )


def _npy_stream(file: Any, most: int) -> Shaped[np.ndarray, "..."]:
    """Reads an array of at most `most` bytes; what a header promises and the file lacks is never allocated."""
    version = npy.read_magic(file)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read_header(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, and voxels are numbers")
    size = math.prod(shape) * dtype.itemsize
    _require_size(size, most)
    data = file.read(size)
    if len(data) < size:
        raise ValueError(f"it is cut short: {len(data):,} of {size:,} bytes")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _nifti(path: Path) -> Shaped[np.ndarray, "..."]:
    """The voxels of a NIfTI file in its own scale, as [D H W] or [C D H W] = (channel, z, y, x)."""
    try:
        import nibabel
    except ModuleNotFoundError:
        raise ZooError(
            f"reading {path.name} needs the package nibabel, which is not installed: {install_command('volumes')}"
        ) from None
    try:
        image: Any = nibabel.load(path)
        _require_size(math.prod(image.shape) * image.get_data_dtype().itemsize, _most(path))
        values: np.ndarray = np.asarray(image.dataobj)
    except (nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError) as error:
        raise ValueError(str(error)) from None
    return values.T


_READERS: dict[str, Callable[[Path], np.ndarray]] = {
    ".npy": load_mapped,
    ".npy.gz": _npy_gz,
    ".npz": _npz,
    ".binvox": lambda path: read_binvox(path, most=_most(path)),
    ".nii": _nifti,
    ".nii.gz": _nifti,
}
VOLUMES = FileKind("volumes", tuple(_READERS))
STACKS = (".npy", ".npy.gz")
"""Endings of files that may hold a stack of volumes."""
