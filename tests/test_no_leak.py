"""No forecast, scale or metric depends on later values: changing them changes nothing earlier."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from catalog_configs import catalog_run

from zoo.config.compose import compose, to_dict
from zoo.config.listing import list_models
from zoo.run.build import build_data, build_task
from zoo.tasks.base import Task
from zoo.tasks.forecasting.baselines import fit_baselines

FORECASTERS = [name for name in list_models() if catalog_run(name)["model"]["_target_"].endswith("Forecasting")]
SHAPE = ["data.time=day", "data.targets=[y]", "data.past_covariates=[x]", "data.context=12", "data.horizon=3"]
POINTS, ORIGIN = 120, 100  # the forecast origin: the last known step is 99


def table(changed: bool, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    values = {name: random.normal(size=POINTS).cumsum() for name in ("y", "x")}
    if changed:
        for series in values.values():
            series[ORIGIN:] = 1e6 * np.random.default_rng(7).normal(size=POINTS - ORIGIN)
    days = pd.date_range("2026-01-01", periods=POINTS, freq="D").strftime("%Y-%m-%d")
    return pd.DataFrame({"day": days, **values})


def built(tmp_path: Path, name: str, changed: bool, *words: str):
    path = tmp_path / f"changed-{changed}.csv"
    table(changed).to_csv(path, index=False)
    config = to_dict(compose([f"model={name}", "data=series", f"data.path={path}", *SHAPE, *words]))
    data = build_data(config["data"])
    torch.manual_seed(0)
    task = build_task(config["model"], data.metadata(), data.card())
    task.log_dict = lambda *_, **__: None
    return task.eval(), data


def calibrated(task: Task, batch) -> Task:
    task.validation_step(batch, 0)
    task.on_validation_epoch_end()
    return task


def before_the_origin(data, split: str):
    """Windows whose history ends at the origin or before, and those that are wholly before it."""
    windows = data.dataset(split)
    starts = windows.starts(torch.arange(len(windows)))
    return torch.nonzero(starts + 12 <= ORIGIN).flatten(), torch.nonzero(starts + 15 <= ORIGIN).flatten()


def test_every_forecaster_of_the_catalog_is_among_them():
    naive = {"naive_last", "naive_drift", "naive_random", "seasonal_naive"}
    assert {"gru", "gru_last", "gru_quantile", "lstm", "linear_forecaster"} | naive <= {*FORECASTERS}


@pytest.mark.parametrize("name", FORECASTERS)
def test_nothing_after_the_origin_changes_a_forecast_scale_or_metric(name: str, tmp_path: Path):
    words = ["data.split=[0.5,0.2,0.3]"]  # 60 for training, 24 for validation, 36 for test, which holds the origin
    (task, data), (other, changed) = (built(tmp_path, name, c, *words) for c in (False, True))
    assert data.metadata() == changed.metadata()
    assert torch.equal(data.dataset("test").series[:ORIGIN], changed.dataset("test").series[:ORIGIN])
    assert not torch.equal(data.dataset("test").series, changed.dataset("test").series)
    calibrated(task, data.all_windows("val")), calibrated(other, changed.all_windows("val"))
    forecast_from, wholly_before = before_the_origin(data, "test")
    assert len(forecast_from) > len(wholly_before) > 0
    for ours, theirs in zip(
        task.predict_step(data.dataset("test")[forecast_from]),
        other.predict_step(changed.dataset("test")[forecast_from]),
        strict=True,
    ):
        assert torch.equal(ours, theirs)
    task.test_step(data.dataset("test")[wholly_before], 0)
    other.test_step(changed.dataset("test")[wholly_before], 0)
    measured, again = task.test_metrics.compute(), other.test_metrics.compute()
    assert {"test/rmse", "test/mase", "test/skill", "test/coverage", "test/crps"} <= measured.keys()
    for metric, value in measured.items():
        assert torch.equal(value, again[metric]), metric


@pytest.mark.parametrize("name", ["gru", "gru_last", "lstm", "gru_quantile"])
def test_training_on_a_position_takes_no_gradient_from_later_steps(name: str, tmp_path: Path):
    task, data = built(tmp_path, name, False)
    batch = data.dataset("train")[torch.arange(2)]
    history = batch.history.clone().requires_grad_(True)
    positions = task.network.sequence(task.standardizer(history).float(), None, 6)
    for position in range(6):
        (gradient,) = torch.autograd.grad(positions[:, position].sum(), history, retain_graph=True)
        end = 12 - 6 + position + 1
        assert gradient[:, end:].abs().max() == 0 if end < 12 else True
        assert gradient[:, end - 1].abs().max() > 0


def test_baselines_know_nothing_of_what_comes_after(tmp_path: Path):
    words = ["data.split=[0.5,0.2,0.3]", "data.season=7"]
    data, changed = (built(tmp_path, "naive_last", c, *words)[1] for c in (False, True))
    chosen, _ = before_the_origin(data, "test")
    ours, theirs = fit_baselines(data), fit_baselines(changed)
    assert {*ours} == {"naive_last", "naive_drift", "seasonal_naive", "linear"}
    for name, rule in ours.items():
        history = data.dataset("test")[chosen].history
        assert torch.equal(rule(history), theirs[name](changed.dataset("test")[chosen].history)), name


def test_the_check_would_find_a_leak(tmp_path: Path):
    """A forecaster that peeks, through a scale over all values, is caught by the first test's comparison."""
    (_, data), (_, changed) = (built(tmp_path, "naive_last", c) for c in (False, True))
    everything = [data.dataset("test").series.std(0), changed.dataset("test").series.std(0)]
    assert not torch.equal(*everything)
