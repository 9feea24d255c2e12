"""Your labeled texts: a table, or a table for each split."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.data.alike_names import log_alike
from zoo.data.base import Split
from zoo.data.file_names import fold
from zoo.data.frames.texts import is_number
from zoo.data.split_files import split_files
from zoo.data.text.labeled import LabeledTexts, TextClassificationData
from zoo.data.text.tables import SUFFIXES, read_columns
from zoo.errors import ZooError

_log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class TextTable(TextClassificationData):
    """Texts of a CSV, TSV, JSON-lines or Parquet file, or of a folder with such files for train, val and test.

    Rows without a text or a label are left out and counted. Classes that differ in capitals only are logged.
    """

    path: str
    text: str
    label: str

    def read(self) -> tuple[dict[Split, LabeledTexts], list[str]]:
        """The texts of each file, with the classes of the training file in alphabetical order."""
        if self.text == self.label:
            raise ZooError(f"`data.text` and `data.label` name the same column, `{self.label}`")
        files = split_files(Path(self.path).expanduser(), SUFFIXES)
        rows = {name: self._rows(file) for name, file in files.items()}
        class_names = sorted({label for _, label in rows["train"]})
        if len(class_names) < 2:
            raise ZooError(f"{self.path} has {len(class_names)} class in column `{self.label}`: two are needed")
        if len(class_names) > max(2, len(rows["train"]) // 2) and all(map(is_number, class_names)):
            raise ZooError(
                f"{files['train']}, column `{self.label}` has {len(class_names)} different numbers in "
                f"{len(rows['train'])} rows, such as {class_names[0]}, and classes repeat: give their column, "
                f"data.label=…"
            )
        log_alike({name: fold(name) for name in class_names}, "classes", "write it in one way")
        numbers = {name: number for number, name in enumerate(class_names)}
        for name, part in rows.items():
            if unseen := sorted({label for _, label in part} - numbers.keys()):
                raise ZooError(f"the {name} split has the class `{unseen[0]}`, which has no text to train on")
        return {
            name: LabeledTexts([text for text, _ in part], np.array([numbers[label] for _, label in part]))
            for name, part in rows.items()
        }, class_names

    def card(self) -> dict[str, object]:
        """Tokenizer, class names, and the name of the column of texts."""
        return super().card() | {"text_column": self.text}

    def _rows(self, file: Path) -> list[tuple[str, str]]:
        texts, labels = read_columns(file, [self.text, self.label], options="data.text=… or data.label=…")
        rows = [
            (text, label) for text, label in zip(texts, labels, strict=True) if text is not None and label is not None
        ]
        if len(rows) < len(texts):
            _log.warning(
                "%s: left out %d of %d rows without a text or a label", file, len(texts) - len(rows), len(texts)
            )
        if not rows:
            raise ZooError(f"{file} has no row with a text and a label")
        return rows
