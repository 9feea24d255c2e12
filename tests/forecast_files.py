"""A forecaster trained on a small table, and files to forecast."""

from pathlib import Path

import numpy as np
import pandas as pd

from zoo.config.compose import compose, to_dict
from zoo.run.build import build_data, build_task
from zoo.tasks.forecasting import Forecasting


def frame(count: int = 90, start: str = "2026-01-01", **columns) -> pd.DataFrame:
    stamps = pd.date_range(start, periods=count, freq="D").strftime("%Y-%m-%d")
    y = np.sin(np.arange(count) * 2 * np.pi / 7) + 10.0
    return pd.DataFrame({"day": stamps, "y": y, **columns})


def model(tmp_path: Path, table: pd.DataFrame, *words: str, name: str = "seasonal_naive") -> Forecasting:
    path = tmp_path / "train.csv"
    table.to_csv(path, index=False)
    shape = ["data.time=day", "data.targets=[y]", "data.context=14", "data.horizon=5", "data.season=7"]
    config = to_dict(compose([f"model={name}", "data=series", f"data.path={path}", *shape, *words]))
    data = build_data(config["data"])
    task = build_task(config["model"], data.metadata(), data.card())
    task.log_dict = lambda *_, **__: None
    task.validation_step(data.all_windows("val"), 0)
    task.on_validation_epoch_end()
    return task


def source(tmp_path: Path, table: pd.DataFrame, name: str = "history.csv") -> Path:
    table.to_csv(tmp_path / name, index=False)
    return tmp_path / name
