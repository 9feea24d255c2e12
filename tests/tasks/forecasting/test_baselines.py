import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression

from zoo.config.compose import compose, to_dict
from zoo.run.build import build_data, build_task
from zoo.tasks.forecasting.baselines import baselines, least_squares


def built(*words: str):
    config = to_dict(compose(["model=naive_last", *words]))
    data = build_data(config["data"])
    return build_task(config["model"], data.metadata(), data.card()), data


def test_least_squares_equals_scikit_learn():
    _, data = built("data=elnino")
    train, test = data.all_windows("train"), data.all_windows("test")
    fitted = LinearRegression().fit(train.history[..., 0].numpy(), train.future[..., 0].numpy())
    expected = fitted.predict(test.history[..., 0].numpy())
    ours = least_squares(data.dataset("train"), seed=0)(test.history)[..., 0].numpy()
    assert np.abs(ours - expected).max() < 1e-3


def test_every_rule_is_measured_on_the_whole_test_split():
    task, data = built("data=elnino")
    scores = baselines(data, task)
    assert scores.keys() == {"naive_last", "naive_drift", "seasonal_naive", "linear"}
    test = data.all_windows("test")
    error = (test.history[:, -1:] - test.future).square().mean().sqrt().item()
    assert scores["naive_last"]["rmse"] == pytest.approx(error)
    assert scores["naive_last"]["skill"] == 0.0
    assert scores["linear"]["rmse"] < scores["seasonal_naive"]["rmse"] < scores["naive_last"]["rmse"]


def test_rules_on_waves_reach_the_published_figures():
    task, data = built("data.samples=32768", "data.val_samples=1024")
    scores = baselines(data, task)
    assert scores["naive_last"]["rmse"] == pytest.approx(0.410, abs=0.006)
    assert scores["naive_drift"]["rmse"] == pytest.approx(0.335, abs=0.006)
    assert scores["linear"]["rmse"] == pytest.approx(0.200, abs=0.006)
    assert torch.tensor([s["rmse"] for s in scores.values()]).min() > 0.1160
