"""Columns of CSV files whose cells say more as they are written than as pandas reads them."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.data.frames.files import read_cells
from zoo.data.table.raw import RawTable, missing
from zoo.errors import ZooError

PADDED = re.compile(r"\s*0\d+\s*")
"""A code such as 007."""
_ROW_LABELS = re.compile(r"Unnamed: \d+(\.\d+)*|index|level_\d+|__index_level_\d+__")
"""Names that pandas and Arrow give to row labels."""
_FEW = 10  # rows in which different values say nothing


def find_padded(path: Path, table: RawTable, *, header: bool) -> dict[str, str]:
    """Columns of whole numbers some of which are written with leading zeros, with one of these."""
    if not _is_text(path):
        return {}
    names = [name for name, values in table.columns.items() if table.kinds[name] == "number" and _whole(values)]
    if not names or (cells := read_cells(path, names, header=header)) is None:
        return {}
    found = {}
    for name in names:
        padded = cells[name][cells[name].astype(str).str.fullmatch(PADDED)]
        if len(padded):
            found[name] = str(padded.iloc[0]).strip()
    return found


def require_empty(path: Path, table: RawTable, target: str, *, header: bool) -> None:
    """Checks that missing classes of a text target are empty cells, and no words that may be classes.

    Raises:
        ZooError: cells such as NA or None.
    """
    if (
        not _is_text(path)
        or table.kinds.get(target) != "category"
        or not (lost := missing(table.columns[target])).any()
    ):
        return
    cells = (
        read_cells(path, [target], header=header)[target]
        .fillna("")
        .astype(str)
        .str.strip()
        .to_numpy(dtype=object)[lost]
    )
    if words := sorted({*cells.tolist()} - {""}):
        raise ZooError(
            f"{path}: the target `{target}` is {words[0]} in {int((cells == words[0]).sum())} rows, a class or a "
            f"missing value: data.categories=[{target}] takes it for a class; empty cells are missing"
        )


def row_labels(table: RawTable, others: Sequence[str | None]) -> list[str]:
    """Columns that number the rows and have the name of row labels, other than `others`."""
    return [
        name
        for name, values in table.columns.items()
        if name not in others
        and _ROW_LABELS.fullmatch(name)
        and table.kinds[name] == "number"
        and len(values) >= _FEW
        and _whole(values)
        and not missing(values).any()
        and len(np.unique(values)) == len(values)
    ]


def _whole(values: np.ndarray) -> bool:
    given = values[~np.isnan(values)]
    return bool(len(given)) and bool((given == np.round(given)).all())


def _is_text(path: Path) -> bool:
    return not {".parquet", ".npy"} & {suffix.lower() for suffix in path.suffixes}
