"""The columns of a table before a network reads them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int

Kind = Literal["number", "date", "category"]


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """Columns of one length: numbers as float64, dates as days since 1970 in float64, categories as text.

    Missing values are NaN, or None in a category.
    """

    columns: dict[str, np.ndarray]
    kinds: dict[str, Kind]
    rows: Int[np.ndarray, " n"]
    """The number of each row in its source, from 1."""
    where: str
    """The source in messages."""

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, indices: Int[np.ndarray, " m"]) -> "RawTable":
        """The rows with these indices."""
        columns = {name: values[indices] for name, values in self.columns.items()}
        return RawTable(columns=columns, kinds=self.kinds, rows=self.rows[indices], where=self.where)

    def without(self, names: Iterable[str]) -> "RawTable":
        """The table without some columns."""
        out = set(names)
        columns = {name: values for name, values in self.columns.items() if name not in out}
        kinds = {name: kind for name, kind in self.kinds.items() if name not in out}
        return RawTable(columns=columns, kinds=kinds, rows=self.rows, where=self.where)


def missing(values: np.ndarray) -> np.ndarray:
    """A mask of the missing values of a column."""
    if values.dtype == object:
        return np.array([value is None for value in values], bool)
    return np.isnan(values)


def plural(kind: Kind, count: int) -> str:
    """The noun for `count` columns of a kind."""
    words = {"number": "numbers", "date": "dates", "category": "categories"}
    return kind if count == 1 else words[kind]
