"""The interface of every data module of tables: target, columns, splits, and what is suspicious."""

import sys
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from zoo.data.base import DataModule, Split
from zoo.data.options import require_fractions
from zoo.data.splits import Indices, stratified_splits
from zoo.data.table.columns import (
    IMPUTE,
    Column,
    count_missing,
    encode,
    fit_columns,
    from_plain,
    require_columns,
    require_complete,
    sizes_of,
    to_plain,
)
from zoo.data.table.problems import more_inputs_than_rows, problems, repeated_rows, unseen_categories
from zoo.data.table.raw import RawTable, plural
from zoo.data.table.rows import TableRows
from zoo.data.table.splits import require_split, split_rows
from zoo.data.table.target import MODELS, Target, find_target, require_trained
from zoo.errors import ZooError, unknown

Tables = Mapping[Split, RawTable]


@dataclass(frozen=True, kw_only=True)
class Source:
    """The tables of the given splits, training among them, and the name of the target."""

    tables: Tables
    target: str
    target_is: str = "auto"


@dataclass(kw_only=True, eq=False)
class TableData(DataModule):
    """Rows of a table as samples, split into training, validation and test.

    `split`: `random`, `stratified` (the same fraction of each class), `group` (rows with one value of the column
    `split_by` stay together), `time` (the latest rows by `split_by` are the test), `column` (`split_by` holds train,
    val and test), or `auto`: stratified for classes, else random. The column `split_by` is no input.

    `scaling` (standard, none) and `impute` (median, mean, zero; null refuses missing values) are fitted on the training
    part. Categories are one-hot codes; with `impute`, missing values count as one more.

    Raises:
        ZooError: an unknown option, or fractions that leave nothing to train on.
    """

    fits_preprocessing: ClassVar[bool] = True

    leave_out: list[str]
    impute: str | None
    scaling: str
    split: str
    split_by: str | None
    val_fraction: float
    test_fraction: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require_fractions(self.val_fraction, self.test_fraction)
        for name, value, allowed in (
            ("scaling", self.scaling, ("standard", "none")),
            ("impute", self.impute, (None, *IMPUTE)),
        ):
            if value not in allowed:
                listed = ", ".join("null" if each is None else each for each in allowed)
                raise ZooError(f"`data.{name}` (={value}) must be one of: {listed}")
        require_split(self.split, self.split_by)
        self.columns: list[Column]
        self.target_column: Target
        """Both are set by `load`."""
        self.missing: dict[str, int] = {}
        """Number of missing values that are imputed, by column."""
        self.notes: list[str] = []
        """What is suspicious in the data, one line each."""
        self.adopted: dict[str, Any] = {}
        """The preprocessing of a checkpoint; empty without one."""

    @abstractmethod
    def source(self) -> Source:
        """The tables.

        Raises:
            ZooError: the data is missing or unusable.
        """

    @property
    def feeds(self) -> frozenset[str]:  # type: ignore[override]
        """The kind of task that the target suits; both kinds before the data is loaded."""
        kinds = frozenset(MODELS)
        if not self._splits:
            return kinds
        return kinds - {"table classification" if self.target_column.class_names is None else "table regression"}

    def suitable_models(self) -> str:
        """Models for the kind of its target; for both kinds before the data is loaded."""
        return ", and ".join(text for kind, text in MODELS.items() if kind in self.feeds)

    def normalize_as(self, preprocessing: Mapping[str, Any]) -> bool:
        """Adopts the columns and the target of a checkpoint, before the data is loaded."""
        if "columns" in preprocessing:
            self.adopted = dict(preprocessing)
        return bool(self.adopted)

    def load(self) -> dict[str, Any]:
        """Finds the target, splits the rows, and fits the columns on the training part."""
        source = self.source()
        known = Target.from_plain(self.adopted["target"]) if self.adopted else None
        self.target_column, tables, targets = find_target(source.tables, source.target, source.target_is, known)
        rows = self._split(tables, targets)
        labels = {name: targets[origin][indices] for name, (origin, indices) in rows.items()}
        parts = {name: self._inputs(tables[origin].part(indices)) for name, (origin, indices) in rows.items()}
        if self.adopted:
            self.columns = from_plain(self.adopted["columns"])
            for part in parts.values():
                require_columns(part, self.columns)
        else:
            self.columns = fit_columns(parts["train"], impute=self.impute, scaling=self.scaling)
            self.target_column = self.target_column.scaled(labels["train"], self.scaling)
            require_trained(labels, self.target_column, source.tables["train"].where)
        require_complete([*parts.values()], self.columns)
        encoded = {name: encode(part, self.columns) for name, part in parts.items()}
        self.missing = count_missing(parts.values(), self.columns)
        self.notes = problems(parts["train"], labels["train"], self.target_column.name)
        self.notes += more_inputs_than_rows(self.num_inputs, len(parts["train"]))
        for name in ("val", "test"):
            self.notes += unseen_categories(encoded[name], parts[name], self.columns, name)
            self.notes += repeated_rows(encoded["train"], encoded[name], name)
        self._describe(source, {name: len(part) for name, part in parts.items()})
        return {name: TableRows(encoded[name], labels[name], sizes_of(self.columns), parts[name]) for name in parts}

    def _split(self, tables: Tables, targets: Mapping[Split, np.ndarray]) -> dict[Split, tuple[Split, np.ndarray]]:
        """For each split, the table that it is cut from and its rows there."""
        rows: dict[Split, tuple[Split, np.ndarray]] = {name: (name, np.arange(len(tables[name]))) for name in tables}
        shares: dict[Split, float] = {"test": self.test_fraction, "val": self.val_fraction}
        fractions = {name: fraction for name, fraction in shares.items() if name not in tables}
        if fractions:
            cut = self._cut(tables["train"], targets["train"], fractions)
            rows |= {name: ("train", indices) for name, indices in cut.items()}
        return rows

    def _cut(self, table: RawTable, targets: np.ndarray, fractions: Mapping[Split, float]) -> Indices:
        classes = self.target_column.class_names
        stratified = self.split == "stratified" or (self.split == "auto" and classes is not None)
        if stratified:
            if classes is None:
                raise ZooError("`data.split` (=stratified) needs classes, and the target is a number: give random")
            counts = np.bincount(targets, minlength=len(classes))
            if counts.min() <= len(fractions):
                fewest = classes[int(counts.argmin())]
                raise ZooError(
                    f"{table.where}: class `{fewest}` has {counts.min()} rows, and a split with the same fraction of "
                    f"each class needs {len(fractions) + 1}: leave such rows out, or give data.split=random"
                )
            return stratified_splits(targets, fractions, self.seed)
        return split_rows(table, self.split, self.split_by, fractions, self.seed)

    def check(self, folder: Path) -> bool:
        """Prints the columns, the splits and what is suspicious in them; True if nothing is."""
        self.setup()
        print(f"{len(self.notes)} problem{'' if len(self.notes) == 1 else 's'}" if self.notes else "no problems")
        return not self.notes

    def _inputs(self, table: RawTable) -> RawTable:
        """The table without what is no input."""
        for name in self.leave_out:
            if name not in table.columns and name != self.split_by:
                raise ZooError(f"{table.where}, `data.leave_out`: {unknown('column', name, table.columns)}")
        left = table.without([*self.leave_out, *([] if self.split_by is None else [self.split_by])])
        if not left.columns:
            raise ZooError(
                f"{table.where} has no column but the target `{self.target_column.name}`: there is nothing to read"
            )
        return left

    def _describe(self, source: Source, sizes: Mapping[Split, int]) -> None:
        """Prints the columns, the target, the splits and what is suspicious."""
        where, classes = source.tables["train"].where, self.target_column.class_names
        kinds = Counter(each.kind for each in self.columns)
        found = ", ".join(f"{count} {plural(kind, count)}" for kind, count in kinds.items())
        what = "a number" if classes is None else f"{len(classes)} classes"
        print(f"{where}: {found}; the target `{self.target_column.name}` is {what}")
        counts = ", ".join(f"{name} {sizes[name]:,}" for name in ("train", "val", "test"))
        print(f"{where}: rows: {counts}")
        if self.missing:
            listed = ", ".join(f"`{name}` {count}" for name, count in self.missing.items())
            print(f"{where}: missing values, imputed ({self.impute or 'as in training'}): {listed}")
        for note in self.notes:
            print(f"{where}: {note}", file=sys.stderr)

    @property
    def num_inputs(self) -> int:
        """Numbers and one-hot codes together."""
        return sum(column.width for column in self.columns)

    def metadata(self) -> dict[str, Any]:
        """Number of numeric inputs, sizes of the categories, and what the target is."""
        self.setup()
        sizes = sizes_of(self.columns)
        described = {"in_features": self.num_inputs - sum(sizes), "categories": sizes}
        if self.target_column.class_names is not None:
            return described | {"num_classes": len(self.target_column.class_names)}
        return described | {"target_center": self.target_column.center, "target_scale": self.target_column.scale}

    def card(self) -> dict[str, Any]:
        """The columns and the target, and how a file is read."""
        self.setup()
        names = self.target_column.class_names
        described = {"columns": to_plain(self.columns), "target": self.target_column.to_plain()}
        return {"preprocessing": described} | ({} if names is None else {"class_names": names})

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Turns a batch into single precision, which Apple's GPUs need, unless training is in double."""
        batch = super().on_before_batch_transfer(batch, dataloader_idx)
        if self.trainer is not None and self.trainer.precision == "64-true":
            return batch
        return tuple(value.float() if value.is_floating_point() else value for value in batch)
