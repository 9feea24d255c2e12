"""Series of a `.npy` file, which may exceed memory: checked in one pass, then read window by window."""

from pathlib import Path

import numpy as np

from zoo.data.series.columns import Columns, resolve_columns
from zoo.data.series.mapped import CHUNK, chunks, open_array
from zoo.data.series.table import SeriesTable
from zoo.data.series.timestamps import Step
from zoo.errors import ZooError


def read_array(path: Path, columns: Columns) -> SeriesTable:
    """Reads the array as one evenly spaced series with columns called 0, 1, …; values stay on disk.

    Raises:
        ZooError: a damaged file, a missing column, columns that are no slice of the file's, or a value that is
            missing or infinite.
    """
    array = open_array(path)
    columns = resolve_columns([str(number) for number in range(array.shape[1])], columns, str(path))
    if columns.future_covariates:
        raise ZooError(f"`data.future_covariates`: {path} ends with its last value; future values need CSV or Parquet")
    names = columns.targets + columns.past_covariates
    values = array[:, _as_slice([int(name) for name in names], path)]
    for number, part in enumerate(chunks(values)):
        if not np.isfinite(part).all():
            row, column = np.argwhere(~np.isfinite(part))[0].tolist()
            what = "is missing: fill it in the file" if np.isnan(part[row, column]) else "is infinite"
            raise ZooError(f"{path}, row {number * CHUNK + row + 1}, column `{names[column]}`: the value {what}")
    return SeriesTable(
        columns=columns,
        names=[""],
        lengths=[len(values)],
        values=values,
        future_covariates=np.empty((len(values), 0)),
        stamps=range(len(values)),
        step=Step(kind="number", size="1"),
        filled={},
        on_disk=True,
    )


def _as_slice(numbers: list[int], path: Path) -> slice:
    """The columns as a slice: a view instead of a copy."""
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    if step < 1 or numbers != list(range(numbers[0], numbers[0] + step * len(numbers), step)):
        raise ZooError(
            f"{path} is read where it lies, so its columns {numbers} must be evenly spaced and in the order of the "
            f"file, data.targets before data.past_covariates: save it in that order"
        )
    return slice(numbers[0], numbers[-1] + 1, step)
