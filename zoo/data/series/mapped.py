"""Memory-mapped arrays: opened without reading them, iterated in chunks, and released from memory.

Pages that were read count as memory of this process until they are released.
"""

import mmap
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from zoo.data.npy_files import map_array
from zoo.errors import ZooError

CHUNK = 1 << 20  # steps per chunk


def open_array(path: Path) -> Float[np.ndarray, "time c"]:
    """Maps the [time] or [time, channels] array of a `.npy` file, read-only.

    Raises:
        ZooError: a missing or damaged file, or another shape or dtype.
    """
    array = map_array(path)
    if array.ndim not in (1, 2) or not array.size:
        raise ZooError(f"{path} holds an array of shape {array.shape}; a series has [time] or [time, channels]")
    if array.dtype not in (np.float32, np.float64):
        raise ZooError(
            f"{path} holds {array.dtype}: save it as float32 or float64, as np.save(FILE, array.astype('f4'))"
        )
    return array.reshape(len(array), -1)


def chunks(values: Float[np.ndarray, "time c"], overlap: int = 0) -> Iterator[Float[np.ndarray, "_ c"]]:
    """All steps in chunks of double precision; each chunk includes the first `overlap` steps of the next."""
    for first in range(0, max(len(values) - overlap, 0), CHUNK):
        yield np.asarray(values[first : first + CHUNK + overlap], dtype=np.float64)
        release(values)


def as_tensor(values: Float[np.ndarray, "time c"]) -> Float[Tensor, "time c"]:
    """A tensor that shares the memory of the array; do not write to it."""
    with warnings.catch_warnings(action="ignore"):  # torch warns of read-only arrays
        return torch.from_numpy(values)


def release(values: np.ndarray) -> None:
    """Releases the pages of a memory-mapped array; they are read again from the system's cache."""
    base: object = values
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
