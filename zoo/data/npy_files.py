"""Maps the arrays of `.npy` files into memory."""

import math
from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from numpy.lib.format import MAGIC_PREFIX, read_array_header_1_0, read_array_header_2_0, read_magic

from zoo.errors import ZooError, first_line

_HEADERS = {(1, 0): read_array_header_1_0, (2, 0): read_array_header_2_0}


def map_array(path: Path) -> Shaped[np.ndarray, "..."]:
    """Maps the array of a `.npy` file, read-only: a header that promises too much costs no memory.

    Raises:
        ZooError: a missing, empty or damaged file, or one with Python objects.
    """
    if not path.is_file():
        raise ZooError(f"{path} does not exist, or is no file")
    if not path.stat().st_size:
        raise ZooError(f"{path} is empty")
    try:
        return np.asarray(load_mapped(path))
    except Exception as error:  # damaged bytes may raise anything
        raise ZooError(f"{path} cannot be read as npy: {first_line(error):.200}") from error


def load_mapped(path: Path) -> Shaped[np.ndarray, "..."]:
    """Maps an array as `map_array`, with any exception for a damaged file.

    Raises:
        ValueError: another format, or fewer bytes than the header promises.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC_PREFIX)) != MAGIC_PREFIX:  # np.load would take it for a pickle or an archive
            raise ValueError("it is no npy file: write it with np.save(FILE, array)")
        file.seek(0)
        version = read_magic(file)
        if version in _HEADERS:
            shape, _, dtype = _HEADERS[version](file)
            if dtype.hasobject:
                raise ValueError("it holds Python objects, and numbers are read alone")
            promised, there = math.prod(shape) * dtype.itemsize, path.stat().st_size - file.tell()
            if there < promised:
                raise ValueError(f"its header promises {promised:,} bytes of data, and it has {there:,}: it is cut off")
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array
