"""Series of a CSV, Parquet or `.npy` file, split in order of time."""

import sys
from abc import abstractmethod
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zoo.data.frames.first_lines import describe_names
from zoo.data.series.array import read_array
from zoo.data.series.base import SeriesData, Splits
from zoo.data.series.calendar import calendar_covariates, calendar_names
from zoo.data.series.columns import Columns, describe_columns
from zoo.data.series.mapped import as_tensor
from zoo.data.series.table import SeriesTable, describe_filled, read_rows, read_table
from zoo.errors import ZooError
from zoo.ops.windows import window_counts

_MANY = 1_000_000  # windows whose forecasts fill much memory
Fractions = tuple[float, float, float]
"""Fractions of training, validation and test."""


@dataclass(kw_only=True, eq=False)
class TableData(SeriesData):
    """Series of a table, each split in order of time by the three fractions of `split`.

    The future of every window lies within one split. Its history may reach into the split before, which is known by
    then. Windows of validation and test start `stride` steps apart.

    Raises:
        ZooError: other than three positive fractions with the sum 1, or a stride below 1.
    """

    split: list[float]
    stride: int
    calendar: list[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.split) != 3 or min(self.split) <= 0 or abs(sum(self.split) - 1.0) > 1e-6:
            raise ZooError(f"`data.split` (={self.split}) must be three positive fractions with the sum 1")
        if self.stride < 1:
            raise ZooError(f"`data.stride` (={self.stride}) must be at least 1")
        self.fractions: Fractions = (self.split[0], self.split[1], self.split[2])
        self._fold: tuple[int, int] | None = None

    def fold(self, number: int, folds: int) -> "TableData":
        """The same data for fold `number` (from 0) of a backtest with `folds` origins.

        The test part is cut into `folds` blocks. Each fold tests on its block; everything before the block is split
        into training and validation in the proportion of `split`.
        """
        fold = replace(self)
        fold.config = self.config
        fold._fold = (number, folds)
        return fold

    @abstractmethod
    def source(self) -> tuple[SeriesTable, str]:
        """The checked table, and the name of its source.

        Raises:
            ZooError: the source is missing or unusable.
        """

    def splits(self) -> Splits:
        """The series of the table, and the spans of each split."""
        self.table, where = self.source()
        if self._fold is None or self._fold[0] == 0:
            print(*describe_columns(self.table.columns, self.table.names, self.table.left_out, where), sep="\n")
            for line in [*self.table.notes, *describe_filled(self.table, where)]:
                print(line, file=sys.stderr)
        spans = self._spans(where)
        self._warn_of_many_windows(spans)
        calendar = calendar_covariates(self.table.stamps, self.calendar)
        future_covariates = np.concatenate([self.table.future_covariates, calendar], axis=1)
        series = as_tensor(self.table.values)
        return Splits(
            names=self.table.columns.targets + self.table.columns.past_covariates,
            series=dict.fromkeys(spans, series),
            spans=spans,
            strides={"train": 1, "val": self.stride, "test": self.stride},
            out_channels=len(self.table.columns.targets),
            future_covariates=torch.from_numpy(future_covariates) if future_covariates.shape[1] else None,
            future_covariate_names=self.table.columns.future_covariates + calendar_names(self.calendar),
            mapped=self.table.values if self.table.on_disk else None,
        )

    def _spans(self, where: str) -> dict[str, list[tuple[int, int]]]:
        """The spans of each split; short series among others are left out and reported."""
        spans: dict[str, list[tuple[int, int]]] = {"train": [], "val": [], "test": []}
        short: list[tuple[str, int]] = []
        for (first, end), name in zip(self.table.spans(), self.table.names, strict=True):
            parts = cut(end - first, self.fractions, self.context, self.horizon, self._fold)
            if parts is None:
                short.append((name, end - first))
                continue
            for split, (start, stop) in parts.items():
                spans[split].append((first + start, first + stop))
        if len(short) == len(self.table.names):
            raise ZooError(self._too_short(where, *max(short, key=lambda each: each[1])))
        if short:
            shown = ", ".join(f"{name} ({length})" for name, length in short[:5])
            print(
                f"{where}: leaves out {len(short)} of {len(self.table.names)} series, which are too short: {shown}"
                f"{', …' if len(short) > 5 else ''}; {self._too_short('', '', short[0][1]).partition('; ')[2]}",
                file=sys.stderr,
            )
        return spans

    def _warn_of_many_windows(self, spans: dict[str, list[tuple[int, int]]]) -> None:
        for split in ("val", "test"):
            windows = int(window_counts(torch.tensor(spans[split]), self.context + self.horizon, self.stride).sum())
            if windows > _MANY:
                print(
                    f"the {split} split has {windows:,} windows, whose forecasts stay in memory until it is measured: "
                    f"data.stride={self.stride * -(-windows // _MANY)} takes fewer",
                    file=sys.stderr,
                )

    def _too_short(self, where: str, name: str, length: int) -> str:
        least = next(
            n
            for n in count(self.context + self.horizon)
            if cut(n, self.fractions, self.context, self.horizon, self._fold) is not None
        )
        who = f"series `{name}` of {where}" if name else where
        blocks = "" if self._fold is None else f", and its last part cut into folds={self._fold[1]},"
        return (
            f"{who} has {length} points; data.context={self.context} and data.horizon={self.horizon} split by "
            f"{list(self.fractions)}{blocks} need at least {least}"
        )

    def card(self) -> dict[str, Any]:
        """Adds the columns and the time step, for reading a file with later values of the series."""
        card = super().card()
        columns = self.table.columns
        return card | {
            "future_covariates": columns.future_covariates,
            "calendar": self.calendar,
            "time": columns.time,
            "series": columns.series,
            "step": list(self.table.step),
            "series_names": self.table.names,
            "filled": self.table.filled,
        }


def cut(
    length: int,
    fractions: Fractions,
    context: int,
    horizon: int,
    fold: tuple[int, int] | None = None,
) -> dict[str, tuple[int, int]] | None:
    """The span of each split, with the history that its first window needs; None if a split has no window.

    Training has the first fraction of the steps and test the last one, both rounded down, as in the long-horizon
    benchmarks. `fold` = (number, folds) selects one block of the test part and the steps before it.

    >>> cut(7588, (0.7, 0.1, 0.2), 96, 96)
    {'train': (0, 5311), 'val': (5215, 6071), 'test': (5975, 7588)}
    >>> cut(100, (0.6, 0.2, 0.2), 5, 3, fold=(1, 2))
    {'train': (0, 67), 'val': (62, 90), 'test': (85, 100)}
    """
    train, test = int(length * fractions[0] + 1e-9), int(length * fractions[2] + 1e-9)
    origin, end = length - test, length
    if fold is not None:
        number, folds = fold
        origin, end = origin + test * number // folds, origin + test * (number + 1) // folds
        train = int(origin * fractions[0] / (fractions[0] + fractions[1]) + 1e-9)
    if train < context + horizon or origin - train < horizon or end - origin < horizon:
        return None
    return {"train": (0, train), "val": (train - context, origin), "test": (origin - context, end)}


@dataclass(kw_only=True, eq=False)
class Series(TableData):
    """Series of a CSV or Parquet file, or one series of a `.npy` file [time] or [time, channels].

    `targets` are forecast (empty: all columns without another role). `past_covariates` are known for the past
    only, `future_covariates` for the future, too. `time` names a column of times or numbers; times with an offset from
    UTC are converted to UTC. `series` names a column that tells the series of the file apart. `fill` replaces missing
    values: `forward` by the previous value, `zero` by 0; null refuses them.
    A `.npy` file stays on disk. Its columns are called 0, 1, …; they are targets or covariates without missing values.
    """

    path: str
    header: bool
    targets: list[str]
    past_covariates: list[str]
    future_covariates: list[str]
    time: str | None
    series: str | None
    fill: str | None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.columns = Columns(
            targets=[str(name) for name in self.targets],
            past_covariates=[str(name) for name in self.past_covariates],
            future_covariates=[str(name) for name in self.future_covariates],
            time=self.time,
            series=self.series,
        )

    def source(self) -> tuple[SeriesTable, str]:
        """Reads the table of the file."""
        path = Path(self.path).expanduser()
        if path.suffix.lower() == ".npy":
            return read_array(path, self.columns), str(path)
        frame = read_rows(path, self.columns, header=self.header)
        table = read_table(frame, self.columns, fill=self.fill, where=str(path))
        names_read = self.header and ".parquet" not in path.name.lower()
        notes = describe_names(list(frame.columns), str(path)) if names_read else []
        return replace(table, notes=notes + table.notes), str(path)

    def card(self) -> dict[str, Any]:
        """Adds the options for reading a file with later values of the series."""
        return super().card() | {"header": self.header, "fill": self.fill}
