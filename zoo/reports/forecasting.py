"""The report of a forecaster."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.data.series_base import SeriesData
from zoo.reports.comparison import comparison
from zoo.reports.page import Section
from zoo.tasks.forecasting import Forecasting


def sections(
    task: Forecasting, datamodule: SeriesData, folder: Path, results: Mapping[str, Any]
) -> list[Section]:
    """Parts of the report, their figures saved in `folder`; the test split must have been measured by `task`."""
    return [comparison(results, "rmse", folder)]
