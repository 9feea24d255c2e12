"""Against scikit-learn and utilsforecast, to 1e-9."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from zoo.tasks.forecasting.metrics import ForecastErrors, mae, mase, rmse, skill, smape, wape

GENERATOR = torch.Generator().manual_seed(1)
TARGET = torch.randn(40, 5, 3, generator=GENERATOR, dtype=torch.float64) * torch.tensor([1.0, 10.0, 0.1]) + 2.0
FORECAST = TARGET + torch.randn(40, 5, 3, generator=GENERATOR, dtype=torch.float64)
LAST = TARGET + 2.0 * torch.randn(40, 5, 3, generator=GENERATOR, dtype=torch.float64)
CLOSE = {"rel": 1e-12, "abs": 1e-9}


def frame(*, ids: bool) -> pd.DataFrame:
    """Long form, one series for each channel, or all as one."""
    channel = np.broadcast_to(np.arange(3), (40, 5, 3)).ravel() if ids else np.zeros(600, dtype=int)
    stamps = np.broadcast_to(np.arange(200).reshape(40, 5, 1), (40, 5, 3)).ravel() if ids else np.arange(600)
    columns = {"unique_id": channel, "ds": stamps, "y": TARGET.numpy().ravel(), "f": FORECAST.numpy().ravel()}
    return pd.DataFrame(columns)


def test_rmse_and_mae_equal_scikit_learn():
    y, f = TARGET.numpy().ravel(), FORECAST.numpy().ravel()
    assert rmse(FORECAST, TARGET).item() == pytest.approx(root_mean_squared_error(y, f), **CLOSE)
    assert mae(FORECAST, TARGET).item() == pytest.approx(mean_absolute_error(y, f), **CLOSE)


def test_smape_and_wape_equal_utilsforecast():
    losses = pytest.importorskip("utilsforecast.losses")
    theirs = losses.smape(frame(ids=False), ["f"])["f"].item()
    assert smape(FORECAST, TARGET).item() == pytest.approx(2.0 * theirs, **CLOSE)  # theirs lies in [0, 1]
    assert wape(FORECAST, TARGET).item() == pytest.approx(losses.nd(frame(ids=False), ["f"])["f"].item(), **CLOSE)


@pytest.mark.parametrize("season", [1, 4])
def test_mase_equals_utilsforecast(season: int):
    losses = pytest.importorskip("utilsforecast.losses")
    past = np.random.default_rng(0).normal(size=(60, 3)).cumsum(0)
    train = pd.DataFrame({"unique_id": np.repeat(range(3), 60), "ds": np.tile(range(60), 3), "y": past.T.ravel()})
    theirs = losses.mase(frame(ids=True), ["f"], season, train)["f"].mean()
    naive_error = torch.from_numpy(np.abs(past[season:] - past[:-season]).mean(0))
    assert mase(FORECAST, TARGET, naive_error).item() == pytest.approx(theirs, **CLOSE)


def test_mase_of_the_naive_forecast_within_the_training_part_is_1():
    series = torch.randn(50, 2, dtype=torch.float64).cumsum(0)
    naive_error = series.diff(dim=0).abs().mean(0)
    assert mase(series[:-1, None], series[1:, None], naive_error).item() == pytest.approx(1.0, abs=1e-12)


def test_skill_of_last_is_0_and_of_the_truth_1():
    assert skill(LAST, TARGET, LAST).item() == 0.0
    assert skill(TARGET, TARGET, LAST).item() == 1.0


def test_smape_counts_a_zero_forecast_of_a_zero_as_right():
    zero, one = torch.zeros(1, 1, 1), torch.ones(1, 1, 1)
    assert smape(zero, zero) == 0.0
    assert smape(one, zero) == 2.0


def test_batches_add_up_to_the_whole():
    metric = ForecastErrors(naive_error=[1.0, 2.0, 3.0], scale=[1.0, 10.0, 0.1])
    for part in (slice(0, 7), slice(7, 8), slice(8, 40)):
        metric.update(FORECAST[part], TARGET[part], LAST[part])
    scale = torch.tensor([1.0, 10.0, 0.1])
    expected = {
        "rmse": rmse(FORECAST, TARGET),
        "mae": mae(FORECAST, TARGET),
        "smape": smape(FORECAST, TARGET),
        "wape": wape(FORECAST, TARGET),
        "mase": mase(FORECAST, TARGET, torch.tensor([1.0, 2.0, 3.0])),
        "skill": skill(FORECAST, TARGET, LAST),
        "mse_normalized": rmse(FORECAST / scale, TARGET / scale) ** 2,
        "rmse_normalized": rmse(FORECAST / scale, TARGET / scale),
        "mae_normalized": mae(FORECAST / scale, TARGET / scale),
    }
    measured = metric.compute()
    assert measured.keys() == expected.keys()
    for name, value in expected.items():
        assert measured[name].item() == pytest.approx(value.item(), rel=1e-7), name
