"""Small tables of series in files."""

from pathlib import Path

import numpy as np
import pandas as pd

from zoo.data.series.table_data import Series

OPTIONS = {
    "header": True, "targets": ["y"], "past_covariates": [], "future_covariates": [], "time": "day",
    "series": None, "fill": None, "calendar": [], "split": [0.6, 0.2, 0.2],
    "stride": 1, "context": 5, "horizon": 3, "season": 1,
    "scaler": "standard", "difference_input": False, "windows_per_epoch": None, "batch_size": 8, "num_workers": 0,
    "seed": 0,
}  # fmt: skip
AUTO = {"targets": [], "time": "day"}
UNTIMED = {"time": None, "context": 3, "horizon": 2}


def days(count: int, **columns) -> pd.DataFrame:
    stamps = pd.date_range("2026-01-01", periods=count, freq="D").strftime("%Y-%m-%d")
    return pd.DataFrame({"day": stamps, "y": np.sin(np.arange(count)) + 2.0, **columns})


def series(tmp_path: Path, frame: pd.DataFrame | str, name: str = "some.csv", **changes) -> Series:
    path = tmp_path / name
    if isinstance(frame, str):
        path.write_text(frame)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return Series(path=str(path), **(OPTIONS | changes))


def table(tmp_path: Path, frame: pd.DataFrame | str, name: str = "some.csv", **changes):
    data = series(tmp_path, frame, name, **(AUTO | changes))
    data.setup()
    return data.table


def panel(*names: object, count: int = 30) -> pd.DataFrame:
    return pd.concat([days(count).assign(shop=name) for name in names], ignore_index=True)[["shop", "day", "y"]]
