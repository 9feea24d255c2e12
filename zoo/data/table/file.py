"""Your tables: a file, or a folder with one for each split."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.data.base import Split
from zoo.data.frames.files import SUFFIXES
from zoo.data.split_files import split_files
from zoo.data.table.as_written import find_padded, require_empty, row_labels
from zoo.data.table.base import Source, TableData
from zoo.data.table.frames import read_table
from zoo.data.table.raw import RawTable


@dataclass(kw_only=True, eq=False)
class Table(TableData):
    """Rows of a CSV, Parquet or `.npy` file, or of a folder with such files for train, val and test.

    `target` is the column to predict; null: the last one. `target_is`: `classes`, `number`, or `auto`: text and whole
    numbers of at most 20 values are classes. Columns of text are categories; `categories` names columns of numbers
    that are categories, too, as columns with numbers such as 007 are. Unnamed columns that number the rows are no
    inputs.
    """

    path: str
    header: bool
    target: str | int | None
    target_is: str
    categories: list[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.text_columns = [str(name) for name in self.categories]
        """Columns that are read as written; `source` adds those with leading zeros."""

    def source(self) -> Source:
        """Reads the files; the training file tells the kind of each column."""
        files = split_files(Path(self.path).expanduser(), (*SUFFIXES, ".npy"))
        file, names = files.pop("train"), [str(name) for name in self.categories]
        train = read_table(file, header=self.header, categories=names)
        for name, code in find_padded(file, train, header=self.header).items():
            print(f"{file}: reads `{name}` as categories, since its numbers begin with zeros ({code})")
            names.append(name)
        if len(names) > len(self.categories):
            train = read_table(file, header=self.header, categories=names)
        self.text_columns = names
        target = [*train.columns][-1] if self.target is None else str(self.target)
        require_empty(file, train, target, header=self.header)
        labels = row_labels(train, [target, self.split_by])
        if labels:
            print(f"{file}: leaves out `{'`, `'.join(labels)}`, which has no name, and numbers the rows")
            train = train.without(labels)
        tables: dict[Split, RawTable] = {"train": train}
        for split, file in files.items():
            tables[split] = read_table(file, header=self.header, categories=names, kinds=train.kinds)
        return Source(tables=tables, target=target, target_is=self.target_is)

    def suitable_models(self) -> str:
        """Models for the kind of its target, and the option that changes it."""
        found = super().suitable_models()
        if not self._splits:
            return found
        if self.target_column.class_names is None:
            return f"{found}; data.target_is=classes makes classes of the numbers"
        whole = all(name.removeprefix("-").isdecimal() for name in self.target_column.class_names)
        return f"{found}; data.target_is=number takes whole numbers as numbers" if whole else found

    def card(self) -> dict[str, Any]:
        """Adds how a file is read."""
        return super().card() | {"header": self.header, "text_columns": self.text_columns}
