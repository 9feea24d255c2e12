"""Rows to predict on."""

from pathlib import Path
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

from zoo.errors import ZooError


class Rows(NamedTuple):
    """The inputs of all rows, and why some rows cannot be read."""

    inputs: Float[Tensor, "n f"]
    """In double precision; NaN in a row with an error."""
    errors: dict[int, str]
    """By the number of the row, from 0."""


def resolve_table(source: Any) -> Any:
    """The path of a file, or a data frame.

    Raises:
        ZooError: no such file, or another type.
    """
    if hasattr(source, "columns") and hasattr(source, "index"):  # a data frame; pandas is optional
        return source
    if not isinstance(source, str | Path):
        raise ZooError(f"this model reads a table: give a file, or a data frame, not {type(source).__name__}")
    path = Path(source).expanduser()
    if not path.exists():
        raise ZooError(f"source={source} does not exist")
    if path.is_dir():
        raise ZooError(f"source={source} is a folder: give one table (.csv, .tsv, .parquet, .npy)")
    return path
