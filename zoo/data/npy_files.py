"""Maps the arrays of `.npy` files into memory."""

from pathlib import Path

import numpy as np
from jaxtyping import Shaped
from numpy.lib.format import MAGIC_PREFIX

from zoo.errors import ZooError, first_line


def map_array(path: Path) -> Shaped[np.ndarray, "..."]:
    """Maps the array of a `.npy` file, read-only: a header that promises too much costs no memory.

    Raises:
        ZooError: a missing, empty or damaged file, or one with Python objects.
    """
    if not path.is_file():
        raise ZooError(f"{path} does not exist, or is no file")
    if not path.stat().st_size:
        raise ZooError(f"{path} is empty")
    with path.open("rb") as file:
        if file.read(len(MAGIC_PREFIX)) != MAGIC_PREFIX:  # np.load would take it for a pickle or an archive
            raise ZooError(f"{path} cannot be read as npy: write it with np.save(FILE, array)")
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except Exception as error:  # damaged bytes may raise anything
        raise ZooError(f"{path} cannot be read as npy: {first_line(error):.200}") from error
