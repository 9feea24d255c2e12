"""Ids of any kind, numbered in the order of their first appearance."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zoo.errors import ZooError


class Ids:
    """Numbers ids: text without the spaces around it, or whole numbers of a Parquet file."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.respelled = 0
        """Ids that differ from others by spaces around them only."""
        self._numbers: dict[Any, int] = {}
        self._seen: set[str] = set()

    def encode(self, column: pa.Array, where: Path, first: int) -> np.ndarray:
        """The numbers of a column's ids.

        Raises:
            ZooError: an id is missing, or no text or whole number.
        """
        coded = column.dictionary_encode()
        if isinstance(column.type, pa.DictionaryType):
            coded = column
        empty = pc.is_null(column)
        distinct = coded.dictionary
        if pa.types.is_string(distinct.type) or pa.types.is_large_string(distinct.type):
            empty = pc.or_(empty, pc.equal(pc.utf8_trim_whitespace(pc.cast(column, pa.string())), ""))
        elif not pa.types.is_integer(distinct.type):
            raise ZooError(f"{where}: the {self.what} ids are of type {distinct.type}; they must be text or integers")
        if pc.any(empty).as_py():
            row = first + int(np.flatnonzero(empty.to_numpy(zero_copy_only=False))[0]) + 1
            raise ZooError(f"{where}, row {row}: the {self.what} id is missing")
        table = np.array([self._number(value) for value in distinct.to_pylist()], np.int32)
        return table[coded.indices.to_numpy(zero_copy_only=False)]

    def values(self) -> list[Any]:
        """The ids in the order of their numbers."""
        return list(self._numbers)

    def _number(self, value: Any) -> int:
        key = value
        if isinstance(value, str):
            key = value.strip()
            if key != value and value not in self._seen:
                self._seen.add(value)
                self.respelled += key in self._numbers
        return self._numbers.setdefault(key, len(self._numbers))
