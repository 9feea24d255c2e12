"""Reads the rows of a file or a data frame as those of the training file; a wrong cell is an error of its row alone."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.frames.files import with_index
from zoo.data.table.columns import Column, encode, inputs, lacks, sizes_of
from zoo.data.table.frames import convert, fault, read_source
from zoo.data.table.problems import far_values, unseen_categories
from zoo.data.table.raw import RawTable
from zoo.errors import ZooError
from zoo.prediction.tables import Rows

_log = logging.getLogger(__name__)


def read_rows(source: Any, columns: Sequence[Column], *, header: bool, text_columns: Sequence[str]) -> Rows:
    """The inputs of each row; further columns, such as the target, are not read.

    Logs categories that training lacks, and numbers far from those of training.

    Raises:
        ZooError: an unreadable file, a missing column, or no row.
    """
    if isinstance(source, Path):
        frame, where = read_source(source, header=header, categories=text_columns), str(source)
    else:
        frame, where = with_index(source).rename(columns=str), "the data frame"
    absent = [column.name for column in columns if column.name not in frame.columns]
    if absent:
        names = ", ".join(f"`{name}`" for name in absent[:10])
        raise ZooError(
            f"{where} lacks the column {names}, which the model reads; there are: {', '.join(frame.columns)}"
        )
    if frame.empty:
        raise ZooError(f"{where} has no rows below its header")
    values, errors = {}, dict[int, str]()
    for column in columns:
        values[column.name], wrong = convert(frame[column.name], column.kind)
        for row in np.flatnonzero(wrong).tolist():
            reason = fault(frame[column.name].iloc[row], column.kind)
            errors.setdefault(row, f"column `{column.name}`: {reason}")
    kinds = {column.name: column.kind for column in columns}
    table = RawTable(columns=values, kinds=kinds, rows=np.arange(1, len(frame) + 1), where=where)
    for column in columns:
        for row in np.flatnonzero(lacks(table, column)).tolist():
            errors.setdefault(row, f"column `{column.name}`: the value is missing, and the model imputes none")
    encoded = encode(table, columns)
    for note in [*unseen_categories(encoded, table, columns, where), *far_values(encoded, columns, where)]:
        _log.warning(note)
    return Rows(inputs(encoded, sizes_of(columns)), dict(sorted(errors.items())))
