"""Real series that statsmodels carries: no download, no files."""

import importlib
from typing import Any, Literal, NamedTuple

import pandas as pd

from zoo.data.series.table import Columns, SeriesTable, read_table
from zoo.data.series.table_data import TableData
from zoo.errors import ZooError


class _Source(NamedTuple):
    target: str
    time: str | None
    start: str | None = None
    """With `frequency`, the times of a table that carries none."""
    frequency: str | None = None


SOURCES = {
    "sunspots": _Source("SUNACTIVITY", "YEAR"),
    "co2": _Source("co2", "time", "1958-03-29", "W-SAT"),
    "nile": _Source("volume", "year"),
    "elnino": _Source("temperature", "time", "1950-01-01", "MS"),
}
"""Yearly sunspots 1700-2008; weekly CO2 at Mauna Loa 1958-2001; the Nile's yearly flow; monthly sea temperature."""


class StatsmodelsSeries(TableData):
    """One of the series that statsmodels ships: sunspots, co2, nile, elnino.

    Raises:
        ZooError: another name.
    """

    def __init__(
        self,
        *,
        name: str,
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
        if name not in SOURCES:
            raise ZooError(f"`data.name` (={name}) must be one of: {', '.join(SOURCES)}")
        self.set_name = name
        self.fill = fill

    def source(self) -> tuple[SeriesTable, str]:
        """The series as a table."""
        target, time, _, _ = SOURCES[self.set_name]
        columns = Columns(targets=[target], covariates=[], known=[], time=time, series=None)
        return read_table(load_frame(self.set_name), columns, fill=self.fill, where=self.set_name), self.set_name

    def card(self) -> dict[str, Any]:
        """How a file with more of the series is to be read."""
        return super().card() | {"header": True, "fill": self.fill}


def load_frame(name: str) -> pd.DataFrame:
    """The table that statsmodels ships, in long form with a column of times."""
    package = importlib.import_module(f"statsmodels.datasets.{name}")
    frame: pd.DataFrame = package.load_pandas().data
    target, time, start, frequency = SOURCES[name]
    if name == "elnino":  # one row a year, one column a month
        months = frame.drop(columns="YEAR").to_numpy().ravel()
        frame = pd.DataFrame({target: months})
    if start is not None:
        stamps = pd.date_range(start, periods=len(frame), freq=frequency)
        frame = frame.reset_index(drop=True).assign(**{str(time): stamps.strftime("%Y-%m-%d")})
    return frame
