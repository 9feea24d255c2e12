"""What is suspicious in a table: leaks of the target, ids, constant columns, more columns than rows."""

import re
from collections.abc import Sequence

import numpy as np

from zoo.data.table.columns import UNKNOWN, Column, Encoded
from zoo.data.table.raw import RawTable, missing

_NAMED_ID = re.compile(r"(.*[_\s.-])?(id|uuid|key|index|row|nr|no|number)|Unnamed: \d+|.*(Id|ID)", re.ASCII)
_FEW = 10  # rows in which a column of different values says nothing
_SHOWN = 5
_EXACT = 1e-9
_FAR = 10


def problems(train: RawTable, target: np.ndarray, name: str) -> list[str]:
    """One line for each suspicious column of the training part, whose target is `target`."""
    found = []
    for column, values in train.columns.items():
        leave = f"data.leave_out=[{column}]"
        if _equals(values, target):
            part = " wherever it has a value" if missing(values).any() else ""
            found.append(
                f"leak: column `{column}` equals the target `{name}`{part}, so that a model copies it: {leave} leaves "
                "it out"
            )
        elif _is_constant(values):
            found.append(f"column `{column}` is constant in the training part, so that it tells nothing")
        elif _is_id(column, values):
            found.append(
                f"column `{column}` has another value in each row, as an id, which tells nothing of new rows: "
                f"{leave} leaves it out"
            )
    return found


def more_inputs_than_rows(inputs: int, rows: int) -> list[str]:
    """One line if there are more inputs than rows to train on."""
    if inputs <= rows:
        return []
    return [
        f"{inputs:,} inputs for {rows:,} training rows: a model can fit them by chance; compare with ridge and lasso"
    ]


def unseen_categories(encoded: Encoded, table: RawTable, columns: Sequence[Column], split: str) -> list[str]:
    """One line for each column with categories that training lacks; `split` names the rows."""
    found = []
    for codes, column in zip(encoded.codes.T, (each for each in columns if each.kind == "category"), strict=True):
        rows = np.flatnonzero(codes == UNKNOWN)
        if len(rows):
            texts = [*dict.fromkeys(str(value) for value in table.columns[column.name][rows])]
            shown = ", ".join(texts[:_SHOWN]) + (", …" if len(texts) > _SHOWN else "")
            found.append(
                f"{split}: {len(rows)} of {len(codes)} rows have a category of `{column.name}` that training lacks "
                f"({shown}): it is read as unknown"
            )
    return found


def far_values(encoded: Encoded, columns: Sequence[Column], split: str) -> list[str]:
    """One line for each column of numbers with values far from those of training."""
    found = []
    for values, column in zip(encoded.numbers.T, (each for each in columns if each.kind != "category"), strict=True):
        count = int((np.abs(values) > _FAR).sum())
        if count and column.scale != 1.0:  # else constant in training, or not scaled
            found.append(
                f"{split}: {count} of {len(values)} rows have a `{column.name}` more than {_FAR} standard deviations "
                "from the mean of training: predictions there are extrapolated"
            )
    return found


def repeated_rows(train: Encoded, other: Encoded, split: str) -> list[str]:
    """One line if rows of another split are also rows to train on."""
    known = {row.tobytes() for row in _rows(train)}
    count = sum(row.tobytes() in known for row in _rows(other))
    if not count:
        return []
    return [f"{split}: {count} of {len(other.numbers)} rows have the same inputs as a training row"]


def _rows(encoded: Encoded) -> np.ndarray:
    return np.concatenate([encoded.numbers, encoded.codes], axis=1)


def _is_constant(values: np.ndarray) -> bool:
    return len({*values[~missing(values)].tolist()}) <= 1


def _is_id(name: str, values: np.ndarray) -> bool:
    """Different texts in all rows; or different whole numbers that count, or whose name is that of an id."""
    if len(values) < _FEW or missing(values).any() or len(set(values.tolist())) < len(values):
        return False
    if values.dtype == object:
        return True
    whole = bool((values == np.round(values)).all())
    return whole and bool(_NAMED_ID.fullmatch(name) or np.ptp(values) < 2 * len(values))


def _equals(values: np.ndarray, target: np.ndarray) -> bool:
    """Whether a column, where it has a value, tells the target exactly.

    By a linear function, or by one name for each class.
    """
    given = ~missing(values)
    values, target = values[given], target[given]
    if len(values) < (3 if given.all() else _FEW):
        return False
    if target.dtype != np.float64 or values.dtype == object:
        pairs, own = set(zip(values.tolist(), target.tolist(), strict=True)), set(values.tolist())
        return len(pairs) == len(own) == len(set(target.tolist())) > 1 and 2 * len(own) <= len(values)
    spread = values.std() * target.std()
    if not spread > 0:
        return False
    correlation = ((values - values.mean()) * (target - target.mean())).mean() / spread
    return bool(abs(correlation) > 1 - _EXACT)
