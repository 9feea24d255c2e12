"""The roles of the columns of a table of series."""

import re
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from zoo.errors import ZooError

_LABELS = re.compile(r"Unnamed: \d+(\.\d+)*|index|level_\d+|__index_level_\d+__")
"""Names that pandas and Arrow give to row labels."""
_COUNTERS = frozenset({"#", "id", "idx", "no", "nr", "recordid", "row", "rowid", "rowno", "rownum", "rownumber", "sno"})
"""Names that people give to row labels, in small letters alone."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The roles of the columns of a table."""

    targets: list[str]
    """Columns to forecast; empty: all columns without another role."""
    past_covariates: list[str]
    """Covariates known for the past only."""
    future_covariates: list[str]
    """Covariates known for the future, too."""
    time: str | None
    """Column of times or numbers; null: rows are evenly spaced."""
    series: str | None
    """Column with the name of the series of each row."""


def resolve_columns(there: list[str], columns: Columns, where: str) -> Columns:
    """Resolves column roles; without `targets`, every column without another role is a target.

    Raises:
        ZooError: a missing column, a column with two roles, or no column left to forecast.
    """
    roles = {
        "targets": columns.targets,
        "past_covariates": columns.past_covariates,
        "future_covariates": columns.future_covariates,
    }
    roles |= {name: [v] for name in ("time", "series") if (v := getattr(columns, name)) is not None}
    for role, names in roles.items():
        for name in names:
            if name not in there:
                raise ZooError(f"`data.{role}`: {where} has no column `{name}`; there are: {', '.join(there)}")
    taken = [name for names in roles.values() for name in names]
    twice = sorted(name for name, count in Counter(taken).items() if count > 1)
    if twice:
        raise ZooError(f"column `{twice[0]}` is given two parts; each of {', '.join(roles)} needs its own")
    targets = columns.targets or [name for name in there if name not in taken]
    if not targets:
        raise ZooError(f"{where} has no column left to forecast: name one with data.targets=[…]")
    return replace(columns, targets=targets)


def without_labels(frame: pd.DataFrame, columns: Columns) -> tuple[Columns, dict[str, str]]:
    """Removes empty columns and row labels from targets that no one has named; returns them with the reason.

    Row labels are columns of whole numbers: unnamed ones whose numbers all differ or start again, those called `id`,
    `row` and the like that rise or fall throughout, and any that rises or falls evenly, such as a counter of the rows
    or the year. A table of such columns alone keeps them.
    """
    given = [*columns.past_covariates, *columns.future_covariates, columns.time, columns.series]
    if columns.targets:
        return columns, {}
    candidates = [name for name in map(str, frame.columns) if name not in given]
    reasons = {name: reason for name in candidates if (reason := _reason(frame[name], name))}
    targets = [name for name in candidates if name not in reasons]
    return (replace(columns, targets=targets), reasons) if targets else (columns, {})


def _reason(column: pd.Series, name: str) -> str | None:
    if len(column) and column.isna().all():
        return "is empty"
    values = whole_numbers(column)
    if values is None or len(values) < 3:
        return None
    steps = np.diff(values)
    starts_again = (steps < 0) & (values[1:] == values[0])  # tables put below one another keep their labels
    rises, falls = bool((steps > 0).all()), bool((steps < 0).all())
    differ = len(np.unique(values)) == len(values)
    if _LABELS.fullmatch(name) and (differ or (((steps > 0) | starts_again).all() and (steps > 0).any())):
        return "has no name, and numbers the rows: data.targets=[…] forecasts it"
    if (rises or falls) and re.sub(r"[^a-z#]", "", name.casefold()) in _COUNTERS:
        return f"numbers the rows by its name: {_takes(name, rises)}data.targets=[…] forecasts it"
    if (rises or falls) and len(np.unique(steps)) == 1:
        way = "rises" if rises else "falls"
        return f"{way} evenly with the rows: {_takes(name, rises)}data.targets=[…] forecasts it"
    return None


def _takes(name: str, rises: bool) -> str:
    return f"data.time={name} takes it for the time, " if rises else ""


def whole_numbers(column: pd.Series) -> np.ndarray | None:
    """The values of a column of whole numbers, else None."""
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column) or column.isna().any():
        return None
    values = column.to_numpy(dtype=np.float64)
    return values if (values == np.round(values)).all() else None


def describe_columns(columns: Columns, names: list[str], left_out: dict[str, str], where: str) -> list[str]:
    """Lines that name the columns to forecast, those that are read, and those that are left out."""
    reads = [f"{', '.join(columns.past_covariates)} for the past" if columns.past_covariates else ""]
    reads += [
        f"{', '.join(columns.future_covariates)} for the past and the future" if columns.future_covariates else ""
    ]
    reads += [f"the time in {columns.time}" if columns.time else ""]
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    reads += [f"the {len(names)} series of {columns.series} ({shown})" if columns.series else ""]
    read = f"; reads {', '.join(filter(None, reads))}" if any(reads) else ""
    lines = [f"{where}: forecasts {', '.join(columns.targets)}{read}"]
    return lines + [f"{where}: leaves out `{name}`, which {reason}" for name, reason in left_out.items()]
