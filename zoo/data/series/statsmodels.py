"""Series that come with statsmodels: available offline."""

import importlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from zoo.data.series.columns import Columns
from zoo.data.series.table import SeriesTable, read_table
from zoo.data.series.table_data import TableData
from zoo.errors import ZooError


class _Source(NamedTuple):
    target: str
    time: str | None
    start: str | None = None
    """With `frequency`, the times of a table without a column of times."""
    frequency: str | None = None


SOURCES = {
    "sunspots": _Source("SUNACTIVITY", "YEAR"),
    "co2": _Source("co2", "time", "1958-03-29", "W-SAT"),
    "nile": _Source("volume", "year"),
    "elnino": _Source("temperature", "time", "1950-01-01", "MS"),
}
"""Yearly sunspots 1700-2008; weekly CO2 at Mauna Loa 1958-2001; the Nile's yearly flow; monthly sea temperature."""


@dataclass(kw_only=True, eq=False)
class StatsmodelsSeries(TableData):
    """A series that comes with statsmodels: sunspots, co2, nile or elnino.

    Raises:
        ZooError: another name.
    """

    name: str = field()  # the bare annotation would take Lightning's class attribute `name` as a default
    fill: str | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.name not in SOURCES:
            raise ZooError(f"`data.name` (={self.name}) must be one of: {', '.join(SOURCES)}")

    def source(self) -> tuple[SeriesTable, str]:
        """The series as a table."""
        target, time, _, _ = SOURCES[self.name]
        columns = Columns(targets=[target], past_covariates=[], future_covariates=[], time=time, series=None)
        return read_table(load_frame(self.name), columns, fill=self.fill, where=self.name), self.name

    def card(self) -> dict[str, Any]:
        """Adds the options for reading a file with later values of the series."""
        return super().card() | {"header": True, "fill": self.fill}


def load_frame(name: str) -> pd.DataFrame:
    """The table of statsmodels, in long form with a column of times."""
    package = importlib.import_module(f"statsmodels.datasets.{name}")
    frame: pd.DataFrame = package.load_pandas().data
    target, time, start, frequency = SOURCES[name]
    if name == "elnino":  # one row per year, one column per month
        months = frame.drop(columns="YEAR").to_numpy().ravel()
        frame = pd.DataFrame({target: months})
    if start is not None:
        stamps = pd.date_range(start, periods=len(frame), freq=frequency)
        frame = frame.reset_index(drop=True).assign(**{str(time): stamps.strftime("%Y-%m-%d")})
    return frame
