"""Ids of users and items in files and data frames, for predictions."""

from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

from zoo.data.ratings.lines import read_batches
from zoo.data.ratings.table import find_columns
from zoo.errors import ZooError

Id = str | int
_MISSING = ("None", "nan", "<NA>", "NaT")


def pairs_of_file(path: Path, needed: Sequence[str]) -> dict[str, list[Id]]:
    """The ids of the `needed` columns (user, item) of a file; the only column if one is needed.

    Raises:
        ZooError: an unreadable file, a column that is missing, or a missing id.
    """
    found: dict[str, list[Id]] = {key: [] for key in needed}
    for batch in read_batches(path, least=len(needed)):
        names = _columns(batch.schema.names, needed, str(path))
        for key, ids in found.items():
            ids += _checked(batch.column(names[key]).to_pylist(), f"{path}, column `{names[key]}`", len(ids))
    if not found[needed[0]]:
        raise ZooError(f"{path} has no rows below its header")
    return found


def pairs_of_frame(frame: Any, needed: Sequence[str]) -> dict[str, list[Id]]:
    """The ids of the `needed` columns of a data frame.

    Raises:
        ZooError: a column that is missing, a missing id, or no row.
    """
    names = _columns([str(name) for name in frame.columns], needed, "the data frame")
    if not len(frame):
        raise ZooError("the data frame has no rows")
    by_name = {str(name): frame[name] for name in frame.columns}
    return {key: _checked(by_name[names[key]].tolist(), f"the data frame, column `{names[key]}`", 0) for key in needed}


def _columns(names: Sequence[str], needed: Sequence[str], where: str) -> dict[str, str]:
    found = find_columns(names)
    if len(names) == len(needed) == 1:
        found.setdefault(needed[0], names[0])
    for key in needed:
        if key not in found:
            raise ZooError(f"{where} has no column `{key}` among {', '.join(names)}: name its columns user and item")
    return found


def _checked(values: Sequence[Any], where: str, first: int) -> list[Id]:
    """The ids without the spaces around them; whole floats, which data frames with gaps hold, as integers."""
    ids: list[Id] = []
    for row, value in enumerate(values, start=first + 1):
        plain = value.strip() if isinstance(value, str) else value
        if plain == "" if isinstance(plain, str) else str(plain) in _MISSING:
            raise ZooError(f"{where}, row {row}: the id is missing")
        if isinstance(plain, str):
            ids.append(plain)
        elif (isinstance(plain, Integral) and not isinstance(plain, bool)) or (
            isinstance(plain, float) and plain.is_integer()
        ):
            ids.append(int(plain))
        else:
            raise ZooError(f"{where}, row {row}: the id is `{plain}`, where text or a whole number is expected")
    return ids
