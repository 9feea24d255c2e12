"""The inputs of a network from the columns of a table: scaled numbers, and one-hot codes of categories."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zoo.data.table.raw import Kind, RawTable, missing, plural
from zoo.errors import ZooError

MISSING = "(missing)"
"""The category of missing values, if they are imputed."""
UNKNOWN = -1
"""The code of a category that training lacks: all its inputs are 0."""
IMPUTE = ("median", "mean", "zero")
MOST_CATEGORIES = 1_000
_MOST_COLUMNS = 100_000
_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Column:
    """How one column is read, as fitted on the training part; stored in checkpoints."""

    name: str
    kind: Kind
    center: float = 0.0
    scale: float = 1.0
    """Numbers are read as (number - `center`) / `scale`."""
    fill: float | None = None
    """Replaces missing numbers; None: missing values are refused."""
    categories: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Number of inputs."""
        return len(self.categories) if self.kind == "category" else 1

    def input_names(self) -> list[str]:
        """The name of each input."""
        return [f"{self.name}={each}" for each in self.categories] if self.kind == "category" else [self.name]


class Encoded(NamedTuple):
    """Scaled numbers, and the codes of categories."""

    numbers: Float[np.ndarray, "n d"]
    """NaN where a value is missing and not imputed."""
    codes: Int[np.ndarray, "n c"]
    """UNKNOWN for a category that training lacks."""


def fit_columns(table: RawTable, *, impute: str | None, scaling: str) -> list[Column]:
    """Fits the columns on the training part: numbers and dates first, then categories.

    Raises:
        ZooError: a column of too many categories.
    """
    names = sorted(table.columns, key=lambda name: table.kinds[name] == "category")  # stable
    return [_fit(name, table, impute, scaling) for name in names]


def require_columns(table: RawTable, columns: Sequence[Column]) -> None:
    """Checks that a table has the columns of a checkpoint, with values of the same kind.

    Raises:
        ZooError: names the first column that differs.
    """
    for column in columns:
        if column.name not in table.columns:
            names = ", ".join(f"`{each.name}`" for each in columns if each.name not in table.columns)
            raise ZooError(f"{table.where} lacks {names}, which the model reads; there are: {', '.join(table.columns)}")
        if table.kinds[column.name] != column.kind:
            kinds = plural(column.kind, 2), plural(table.kinds[column.name], 2)
            raise ZooError(f"{table.where}: column `{column.name}` had {kinds[0]} in training, and has {kinds[1]} here")


def count_missing(tables: Iterable[RawTable], columns: Sequence[Column]) -> dict[str, int]:
    """The number of missing values of each column that has some."""
    parts = [*tables]
    counts = {each.name: sum(int(missing(part.columns[each.name]).sum()) for part in parts) for each in columns}
    return {name: count for name, count in counts.items() if count}


def lacks(table: RawTable, column: Column) -> Bool[np.ndarray, " n"]:
    """A mask of the missing values that a column does not replace."""
    return missing(table.columns[column.name]) & (column.fill is None)


def require_complete(tables: Sequence[RawTable], columns: Sequence[Column]) -> None:
    """Checks that every missing value is replaced.

    Raises:
        ZooError: names the first one, and the number in each column.
    """
    found = {column.name: sum(int(lacks(table, column).sum()) for table in tables) for column in columns}
    found = {name: count for name, count in found.items() if count}
    if not found:
        return
    name = next(iter(found))
    table = next(table for table in tables if missing(table.columns[name]).any())
    row = min(rows.min() for each in tables if len(rows := each.rows[missing(each.columns[name])]))
    listed = ", ".join(f"`{each}` {count}" for each, count in [*found.items()][:_SHOWN])
    raise ZooError(
        f"{table.where}, row {row}, column `{name}`: the value is missing; missing in all: {listed}"
        f"{', …' if len(found) > _SHOWN else ''}: data.impute=median (or mean, zero) fills them in from the training "
        f"part, data.leave_out=[{name}] leaves a column out"
    )


def encode(table: RawTable, columns: Sequence[Column]) -> Encoded:
    """Scales the numbers of a table and looks up its categories."""
    numbers, codes = [], []
    for column in columns:
        values = table.columns[column.name]
        if column.kind == "category":
            places = {text: code for code, text in enumerate(column.categories)}
            codes.append([places.get(MISSING if value is None else value, UNKNOWN) for value in values])
        else:
            filled = values if column.fill is None else np.where(np.isnan(values), column.fill, values)
            numbers.append((filled - column.center) / column.scale)
    count = len(table)
    return Encoded(
        np.stack(numbers, axis=1) if numbers else np.empty((count, 0)),
        np.array(codes, np.int64).T if codes else np.empty((count, 0), np.int64),
    )


def inputs(encoded: Encoded, sizes: Sequence[int]) -> Float[Tensor, "n f"]:
    """The numbers, then the one-hot codes of each category, in double precision."""
    blocks = [torch.from_numpy(encoded.numbers)]
    for code, size in zip(encoded.codes.T, sizes, strict=True):
        blocks.append(torch.from_numpy(code)[:, None].eq(torch.arange(size)).double())
    return torch.cat(blocks, dim=1)


def sizes_of(columns: Sequence[Column]) -> list[int]:
    """The number of categories of each column that has them."""
    return [len(column.categories) for column in columns if column.kind == "category"]


def groups_of(columns: Sequence[Column]) -> dict[str, slice]:
    """The inputs of each column."""
    ends = np.cumsum([column.width for column in columns]).tolist()
    return {column.name: slice(end - column.width, end) for column, end in zip(columns, ends, strict=True)}


def input_names(columns: Sequence[Column]) -> list[str]:
    """The name of each input."""
    return [name for column in columns for name in column.input_names()]


def to_plain(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The columns as plain values."""
    return [asdict(column) for column in columns]


def from_plain(described: Any) -> list[Column]:
    """The columns of a checkpoint.

    Raises:
        ZooError: entries that no training has written.
    """
    if not isinstance(described, list) or len(described) > _MOST_COLUMNS:
        raise ZooError("the columns of this checkpoint are no list; the file was edited")
    return [_column(entry) for entry in described]


def _column(entry: Any) -> Column:
    try:
        column = Column(**entry)
    except TypeError as error:
        raise ZooError(f"a column of this checkpoint cannot be read ({error}); the file was edited") from error
    numbers = (column.center, column.scale, 0.0 if column.fill is None else column.fill)
    fine = (
        isinstance(column.name, str)
        and column.kind in ("number", "date", "category")
        and all(isinstance(number, int | float) and np.isfinite(number) for number in numbers)
        and column.scale > 0
        and isinstance(column.categories, list)
        and all(isinstance(each, str) for each in column.categories)
    )
    if not fine:
        raise ZooError(f"column {str(column.name)[:60]!r} of this checkpoint is no column; the file was edited")
    return column


def _fit(name: str, table: RawTable, impute: str | None, scaling: str) -> Column:
    values, kind = table.columns[name], table.kinds[name]
    if kind == "category":
        found = {value for value in values if value is not None}
        if impute is not None and len(found) < len({*values}):
            found.add(MISSING)
        if len(found) > MOST_CATEGORIES:
            raise ZooError(
                f"{table.where}: column `{name}` has {len(found):,} different texts, and at most {MOST_CATEGORIES:,} "
                f"are read as categories: data.leave_out=[{name}] leaves it out"
            )
        return Column(name=name, kind=kind, categories=sorted(found), fill=None if impute is None else 0.0)
    fill = None
    if impute is not None:
        present = values[~np.isnan(values)]
        fill = 0.0
        if impute != "zero" and len(present):
            fill = float(np.median(present) if impute == "median" else present.mean())
        values = np.where(np.isnan(values), fill, values)
    if scaling == "none":
        return Column(name=name, kind=kind, fill=fill)
    center, spread = float(values.mean()), float(values.std())
    constant = spread <= 1e-12 * max(abs(center), 1e-300)
    return Column(name=name, kind=kind, center=center, scale=1.0 if constant else spread, fill=fill)
