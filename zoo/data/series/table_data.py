"""Series from a table: any CSV, Parquet or `.npy` file, split in order of time."""

import copy
import sys
from abc import abstractmethod
from itertools import count
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from zoo.data.series.array import read_array
from zoo.data.series.base import SeriesData, Splits
from zoo.data.series.calendar import calendar_covariates, calendar_names
from zoo.data.series.frames import read_frame
from zoo.data.series.mapped import as_tensor
from zoo.data.series.table import Columns, SeriesTable, describe_filled, read_table
from zoo.errors import ZooError
from zoo.ops.windows import window_counts

_MANY = 1_000_000  # windows
Fractions = tuple[float, float, float]


class TableData(SeriesData):
    """Series of a table, each split in order of time by the three fractions of `split`.

    Every window's future lies within one part; its history may reach back into the part before, which was known
    by then. Windows of validation and test lie `stride` steps apart.

    Raises:
        ZooError: fractions that are not three positive ones with the sum 1, or a stride below 1.
    """

    def __init__(
        self,
        *,
        split: list[float],
        stride: int,
        calendar: list[str],
        context: int,
        horizon: int,
        season: int,
        scaler: str,
        differences: bool,
        windows_per_epoch: int | None,
        batch_size: int,
        num_workers: int | Literal["auto"],
        seed: int,
    ) -> None:
        super().__init__(
            context=context,
            horizon=horizon,
            season=season,
            scaler=scaler,
            differences=differences,
            windows_per_epoch=windows_per_epoch,
            batch_size=batch_size,
            num_workers=num_workers,
            seed=seed,
        )
        if len(split) != 3 or min(split) <= 0 or abs(sum(split) - 1.0) > 1e-6:
            raise ZooError(f"`data.split` (={split}) must be three positive fractions with the sum 1")
        if stride < 1:
            raise ZooError(f"`data.stride` (={stride}) must be at least 1")
        self.fractions: Fractions = (split[0], split[1], split[2])
        self.stride = stride
        self.calendar = list(calendar)
        self._fold: tuple[int, int] | None = None

    def fold(self, number: int, folds: int) -> "TableData":
        """The same data for one of `folds` origins of a backtest, from 0.

        The test part is cut into `folds` blocks. Each fold tests on its own block, and has all that came before
        to train on and to validate with, in the proportion of `split`.
        """
        other = copy.copy(self)
        other._splits = {}
        other._fold = (number, folds)
        return other

    @abstractmethod
    def source(self) -> tuple[SeriesTable, str]:
        """The checked table, and the name of where it comes from.

        Raises:
            ZooError: it is not there or not usable.
        """

    def splits(self) -> Splits:
        """The table's series, and the parts of each."""
        self.table, where = self.source()
        for line in describe_filled(self.table, where):
            print(line, file=sys.stderr)
        spans: dict[str, list[tuple[int, int]]] = {"train": [], "val": [], "test": []}
        for (first, end), name in zip(self.table.spans(), self.table.names, strict=True):
            parts = cut(end - first, self.fractions, self.context, self.horizon, self._fold)
            if parts is None:
                raise ZooError(self._too_short(where, name, end - first))
            for split, (start, stop) in parts.items():
                spans[split].append((first + start, first + stop))
        self._tell_many(spans)
        calendar = calendar_covariates(self.table.stamps, self.calendar)
        known = np.concatenate([self.table.known, calendar], axis=1)
        series = as_tensor(self.table.values)
        return Splits(
            names=self.table.columns.targets + self.table.columns.covariates,
            series=dict.fromkeys(spans, series),
            spans=spans,
            strides={"train": 1, "val": self.stride, "test": self.stride},
            out_channels=len(self.table.columns.targets),
            known=torch.from_numpy(known) if known.shape[1] else None,
            known_names=self.table.columns.known + calendar_names(self.calendar),
            mapped=self.table.values if self.table.on_disk else None,
        )

    def _tell_many(self, spans: dict[str, list[tuple[int, int]]]) -> None:
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
        """How a file with more of the series is to be read."""
        card = super().card()
        columns = self.table.columns
        return card | {
            "known": columns.known,
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
    """The parts of a series, each with the history that its first future needs; None where one holds no window.

    Training takes the first fraction of the steps and the test the last, both rounded down, as is usual for the
    long-horizon benchmarks. `fold` (number, of how many) takes one block of the test and what came before it.

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


class Series(TableData):
    """Series of a CSV or Parquet file, or one of a `.npy` file [time] or [time, channels], which stays on disk.

    `targets` are forecast (all columns that have no other part, when empty), `covariates` are read beside them,
    `known` are given for the future too. `time` names a column of times or numbers, `series` one that tells
    several series in the file apart; times with an offset from UTC are kept in UTC. `fill` stands in for missing
    values: forward, zero, or null to refuse them.
    The columns of a `.npy` file are called 0, 1, …; it can hold targets and covariates, and nothing missing.
    """

    def __init__(
        self,
        *,
        path: str,
        header: bool,
        targets: list[str],
        covariates: list[str],
        known: list[str],
        time: str | None,
        series: str | None,
        fill: str | None,
        split: list[float],
        stride: int,
        calendar: list[str],
        context: int,
        horizon: int,
        season: int,
        scaler: str,
        differences: bool,
        windows_per_epoch: int | None,
        batch_size: int,
        num_workers: int | Literal["auto"],
        seed: int,
    ) -> None:
        super().__init__(
            split=split,
            stride=stride,
            calendar=calendar,
            context=context,
            horizon=horizon,
            season=season,
            scaler=scaler,
            differences=differences,
            windows_per_epoch=windows_per_epoch,
            batch_size=batch_size,
            num_workers=num_workers,
            seed=seed,
        )
        self.path = Path(path).expanduser()
        self.header = header
        self.columns = Columns(
            targets=[str(name) for name in targets],
            covariates=[str(name) for name in covariates],
            known=[str(name) for name in known],
            time=time,
            series=series,
        )
        self.fill = fill

    def source(self) -> tuple[SeriesTable, str]:
        """The file's table."""
        if self.path.suffix.lower() == ".npy":
            return read_array(self.path, self.columns), str(self.path)
        frame = read_frame(self.path, header=self.header)
        return read_table(frame, self.columns, fill=self.fill, where=str(self.path)), str(self.path)

    def card(self) -> dict[str, Any]:
        """How a file with more of the series is to be read."""
        return super().card() | {"header": self.header, "fill": self.fill}
