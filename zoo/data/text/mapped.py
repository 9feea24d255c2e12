"""Arrays that grow on the disk and are then memory-mapped, so that a corpus of any size needs little memory."""

import tempfile
from typing import Any

import numpy as np
from numpy.typing import DTypeLike


class GrowingArray:
    """An array in a temporary file, which the system removes with the process."""

    def __init__(self, dtype: DTypeLike, columns: int | None = None) -> None:
        self.dtype = np.dtype(dtype)
        self.columns = columns
        self.count = 0
        self._file: Any = tempfile.TemporaryFile()  # noqa: SIM115, it lives as long as the array

    def append(self, values: Any) -> None:
        """Writes values, or rows of values, at the end."""
        array = np.ascontiguousarray(values, dtype=self.dtype)
        self._file.write(array.tobytes())
        self.count += len(array)

    def mapped(self) -> np.ndarray:
        """All values, read from the disk as they are used; nothing can be appended any more."""
        shape = (self.count,) if self.columns is None else (self.count, self.columns)
        with self._file:  # the mapping keeps the content
            self._file.flush()
            return np.memmap(self._file, self.dtype, "r+", shape=shape) if self.count else np.empty(shape, self.dtype)
