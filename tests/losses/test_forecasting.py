import pytest
import torch
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_squared_error

from zoo.errors import ZooError
from zoo.losses.forecasting import AbsoluteError, Huber, SquaredError
from zoo.losses.quantile import Quantile

FORECAST = torch.randn(4, 3, 2, 1, dtype=torch.float64)
TARGET = torch.randn(4, 3, 2, dtype=torch.float64)


def test_squared_and_absolute_equal_scikit_learn():
    y, f = TARGET.flatten().numpy(), FORECAST.flatten().numpy()
    assert SquaredError()(FORECAST, TARGET).item() == pytest.approx(mean_squared_error(y, f), abs=1e-12)
    assert AbsoluteError()(FORECAST, TARGET).item() == pytest.approx(mean_absolute_error(y, f), abs=1e-12)


def test_quantile_equals_scikit_learn():
    levels = [0.1, 0.5, 0.95]
    forecast = torch.randn(4, 3, 2, 3, dtype=torch.float64)
    y = TARGET.flatten().numpy()
    expected = [mean_pinball_loss(y, forecast[..., i].flatten().numpy(), alpha=q) for i, q in enumerate(levels)]
    loss = Quantile(quantiles=levels).double()
    loss.levels = torch.tensor(levels, dtype=torch.float64)
    assert loss(forecast, TARGET).item() == pytest.approx(sum(expected) / 3, abs=1e-12)


def test_huber_is_squared_within_and_linear_beyond():
    target = torch.zeros(2)
    value = Huber(delta=1.0)(torch.tensor([[0.5], [3.0]]), target)
    assert value.item() == pytest.approx((0.125 + 2.5) / 2)


@pytest.mark.parametrize("quantiles", [[], [0.5, 0.1], [0.5, 0.5], [0.0, 0.5], [0.5, 1.0]])
def test_quantiles_must_ascend_within_0_and_1(quantiles: list[float]):
    with pytest.raises(ZooError, match=r"must ascend within \(0, 1\)"):
        Quantile(quantiles=quantiles)


@pytest.mark.parametrize("quantiles", [[0.1, 0.9], [0.1, 0.5], [0.05, 0.1, 0.5], [0.1, 0.4, 0.9], [0.1, 0.5, 0.8, 0.9]])
def test_the_median_must_be_in_the_middle(quantiles: list[float]):
    with pytest.raises(ZooError, match=r"`quantiles` \(=.*\) must have 0.5, which is the forecast, in the middle"):
        Quantile(quantiles=quantiles)


def test_huber_rejects_a_delta_of_zero():
    with pytest.raises(ZooError, match=r"`delta` \(=0.0\) must be positive"):
        Huber(delta=0.0)
