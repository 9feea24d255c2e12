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
        coded = isinstance(column.type, pa.DictionaryType)
        kind = column.type.value_type if coded else column.type
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        if not text and not pa.types.is_integer(kind):
            raise ZooError(f"{where}: the {self.what} ids are of type {kind}; they must be text or integers")
        empty = pc.is_null(column)
        if text:
            empty = pc.or_(empty, pc.equal(pc.utf8_trim_whitespace(pc.cast(column, pa.string())), ""))
        if pc.any(empty).as_py():
            row = first + int(np.flatnonzero(empty.to_numpy(zero_copy_only=False))[0]) + 1
            raise ZooError(f"{where}, row {row}: the {self.what} id is missing")
        codes = column if coded else column.dictionary_encode()
        table = np.array([self._number(value) for value in codes.dictionary.to_pylist()], np.int32)
        return table[codes.indices.to_numpy(zero_copy_only=False)]

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
