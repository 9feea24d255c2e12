"""The target of a table: classes, or a number."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Shaped

from zoo.data.alike_names import log_alike
from zoo.data.base import Split
from zoo.data.file_names import fold
from zoo.data.table.raw import RawTable, missing
from zoo.errors import ZooError, unknown

TARGETS = ("auto", "classes", "number")
MODELS = {
    "table classification": "model=two_layer, logistic_regression, decision_tree or random_forest predicts classes",
    "table regression": "model=two_layer_regression, linear_regression, ridge, lasso or random_forest_regression "
    "predicts a number",
}
"""What predicts a target of each kind."""
_MOST_CLASSES = 20
"""Whole numbers of at most as many different values are classes, by default."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The column to predict; stored in checkpoints."""

    name: str
    class_names: list[str] | None = None
    """None for a number."""
    center: float = 0.0
    scale: float = 1.0
    """A network predicts (number - `center`) / `scale`."""

    def scaled(self, values: Shaped[np.ndarray, " n"], scaling: str) -> "Target":
        """The target with the mean and the standard deviation of training values.

        Raises:
            ZooError: all values are equal.
        """
        if np.ptp(values) == 0:
            value = f"{values[0]:g}" if self.class_names is None else self.class_names[values[0]]
            raise ZooError(f"the target `{self.name}` is {value} in every training row: there is nothing to learn")
        if self.class_names is not None or scaling == "none":
            return self
        return replace(self, center=float(values.mean()), scale=float(values.std()))

    def to_plain(self) -> dict[str, Any]:
        """The target as plain values."""
        return asdict(self)

    @staticmethod
    def from_plain(described: Any) -> "Target":
        """The target of a checkpoint.

        Raises:
            ZooError: entries that no training has written.
        """
        try:
            target = Target(**described)
            names = target.class_names
            fine = isinstance(target.name, str) and np.isfinite(target.center) and 0 < target.scale < np.inf
            fine = fine and (names is None or all(isinstance(each, str) for each in names))
        except TypeError:
            fine = False
        if not fine:
            raise ZooError("the target of this checkpoint cannot be read; the file was edited")
        return target


def find_target(
    tables: Mapping[Split, RawTable], name: str, target_is: str, known: Target | None
) -> tuple[Target, dict[Split, RawTable], dict[Split, np.ndarray]]:
    """The target, and the rows and targets of each split, without rows whose target is missing.

    `known` is the target of a checkpoint. Targets are class indices (int64) or numbers (float64).

    Raises:
        ZooError: no such column, dates, no value, or a class that the training table lacks.
    """
    if target_is not in TARGETS:
        raise ZooError(f"`data.target_is` (={target_is}) must be one of: {', '.join(TARGETS)}")
    parts, values = {}, {}
    for split, table in tables.items():
        parts[split], values[split] = _given(table, name)
    train, where = values["train"], tables["train"].where
    if tables["train"].kinds[name] == "date":
        raise ZooError(
            f"{where}: the target `{name}` holds dates, and a model predicts numbers or classes: add a column with the "
            "number of days"
        )
    if known is None:
        known = Target(name=name, class_names=_classes(train, target_is, name, where))
    if known.class_names is None:
        for split, column in values.items():
            if column.dtype == object:
                raise ZooError(
                    f"{tables[split].where}: the target `{name}` holds text, where the model predicts a number"
                )
        return known, parts, values
    return known, parts, {split: _labels(column, known, split, where) for split, column in values.items()}


def require_trained(labels: Mapping[Split, Shaped[np.ndarray, "_"]], target: Target, where: str) -> None:
    """Checks that each class of validation and test is also in the training part.

    Raises:
        ZooError: names the first one that is not.
    """
    if target.class_names is None:
        return
    for split, found in labels.items():
        if len(strange := np.setdiff1d(found, labels["train"])):
            raise ZooError(_lacks(where, split, target.class_names[strange[0]], target.name))


def class_name(value: Any) -> str:
    """A class as text; whole numbers without a decimal point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _given(table: RawTable, name: str) -> tuple[RawTable, np.ndarray]:
    if name not in table.columns:
        raise ZooError(f"{table.where}, `data.target`: {unknown('column', name, table.columns)}")
    values = table.columns[name]
    rows = np.flatnonzero(~missing(values))
    if not len(rows):
        raise ZooError(f"{table.where}: the target `{name}` is missing in every row")
    if left := len(values) - len(rows):
        print(f"{table.where}: {left} of {len(values)} rows are left out, whose target `{name}` is missing")
    return table.without([name]).part(rows), values[rows]


def _classes(values: np.ndarray, target_is: str, name: str, where: str) -> list[str] | None:
    """The class names in order; None for a number."""
    distinct = set(values.tolist())
    text = values.dtype == object
    if target_is == "number":
        if text:
            raise ZooError(f"`data.target_is` (=number): the target `{name}` of {where} holds text")
        return None
    whole = not text and bool((values == np.round(values)).all())
    if target_is == "auto" and not text and not (whole and len(distinct) <= _MOST_CLASSES):
        return None
    if len(distinct) < 2:
        raise ZooError(
            f"{where}: the target `{name}` is {class_name(values[0])} in every row: there is nothing to learn"
        )
    names = [class_name(value) for value in sorted(distinct)]
    log_alike({each: fold(each).strip() for each in names}, f"classes of the target `{name}`", "write it in one way")
    return names


def _labels(values: np.ndarray, target: Target, split: str, where: str) -> np.ndarray:
    numbers = {text: number for number, text in enumerate(target.class_names or [])}
    names = [class_name(value) for value in values.tolist()]
    for text in names:
        if text not in numbers:
            raise ZooError(_lacks(where, split, text, target.name))
    return np.array([numbers[text] for text in names], np.int64)


def _lacks(where: str, split: str, text: str, name: str) -> str:
    return f"{where}: the {split} rows have the class `{text}` of `{name}`, which training lacks"
