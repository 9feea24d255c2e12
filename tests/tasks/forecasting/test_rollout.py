"""Forecasts of more steps than were trained for, and of fewer."""

import pytest
import torch
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.losses.forecasting import SquaredError
from zoo.networks.dense_forecasters import LinearForecaster
from zoo.networks.recurrent import RecurrentForecaster
from zoo.tasks.forecasting import Forecasting
from zoo.tasks.forecasting.rollout import required_covariate_steps, rollout


def task(network: nn.Module, **changes) -> Forecasting:
    options = {"horizon": 3, "in_channels": 2, "out_channels": 2, "center": [5.0, 100.0], "scale": [2.0, 30.0]}
    return Forecasting(network=network, loss=SquaredError(), **(options | changes))


def gru(**changes) -> RecurrentForecaster:
    return RecurrentForecaster(**({"in_channels": 2, "out_channels": 2, "horizon": 3, "hidden_size": 8} | changes))


def past(count: int = 6) -> Tensor:
    return torch.randn(count, 10, 2, dtype=torch.float64) * 5.0 + 50.0


def test_a_longer_horizon_feeds_the_forecast_back():
    model = task(LinearForecaster(context=10, in_channels=2, out_channels=2, horizon=3))
    history = past()
    forecast = rollout(model, history, None, 7, recursive=True)
    grown = history
    for _ in range(3):
        grown = torch.cat([grown, model(grown[:, -10:])], dim=1)
    assert torch.allclose(forecast.value, grown[:, 10:17])
    assert forecast.lower.isneginf().all()  # nothing was validated yet
    short = rollout(model, history, None, 2, recursive=False)
    assert torch.equal(short.value, forecast.value[:, :2])


def test_covariates_move_along_with_the_fed_back_forecast():
    model = task(gru(covariate_channels=1), known_center=[0.5], known_scale=[2.0])
    history, covariates = past(2), torch.randn(2, 17, 1, dtype=torch.float64)
    first = model(history, covariates[:, :13])
    grown = torch.cat([history, first], dim=1)[:, -10:]
    second = model(grown, covariates[:, 3:16])
    forecast = rollout(model, history, covariates, 7, recursive=True)
    assert torch.allclose(forecast.value[:, :6], torch.cat([first, second], dim=1))


def test_a_horizon_beyond_the_trained_one_is_refused_and_recursion_offered():
    with pytest.raises(ZooError, match=r"`horizon` \(=4\) is beyond the 3 steps .* with recursive=true"):
        rollout(task(gru()), past(), None, 4, recursive=False)
    with pytest.raises(ZooError, match=r"reads columns that it does not forecast \(1\)"):
        rollout(task(gru(out_channels=1), out_channels=1), past(), None, 4, recursive=True)


@pytest.mark.parametrize(("strategy", "needed"), [("direct", [3, 3, 3, 6]), ("recursive", [1, 2, 3, 4])])
def test_a_direct_network_reads_its_whole_horizon(strategy: str, needed: list[int]):
    model = task(gru(strategy=strategy))
    assert [required_covariate_steps(model, steps) for steps in (1, 2, 3, 4)] == needed
