"""Reads an npy array out of an npy.gz file, or the one array of an npz file."""

import gzip
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from numpy.lib import format as npy

from zoo.data.volumes.header import Header, bytes_per_voxel, require_bytes


def read_packed(path: Path, *, most: int) -> Shaped[np.ndarray, "..."]:
    """Reads an array of at most `most` bytes; what a header promises and the file lacks is never allocated.

    Raises:
        ValueError: another format, several arrays, Python objects, more bytes, or fewer than the header promises.
    """
    with _opened(path) as file:
        shape, fortran, dtype = _header(file)
        size = math.prod(shape) * dtype.itemsize
        require_bytes(size, most)
        data = file.read(size)
    if len(data) < size:
        raise ValueError(f"it is cut short: {len(data):,} of {size:,} bytes")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def packed_header(path: Path) -> Header:
    """The shape of what `read_packed` returns.

    Raises:
        ValueError: another format, several arrays, or Python objects.
    """
    with _opened(path) as file:
        shape, _, dtype = _header(file)
    return Header(shape, bytes_per_voxel(dtype))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if path.name.lower().endswith(".gz"):
        with gzip.open(path) as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        if len(names) != 1:
            raise ValueError(f"it holds {len(names)} arrays, and a volume is one: {', '.join(names[:5])}")
        with archive.open(names[0]) as file:
            yield file


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(file)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read_header(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, and voxels are numbers")
    return shape, fortran, dtype
