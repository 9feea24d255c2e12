"""The linear, dense, convolutional and parameter-free forecasters."""

import pytest
import torch
from torch import nn

from zoo.errors import ZooError
from zoo.networks.conv_forecaster import ConvForecaster
from zoo.networks.dense_forecasters import DenseForecaster, LinearForecaster
from zoo.networks.naive_forecasters import NaiveDrift, NaiveLast, NaiveRandom, SeasonalNaive


@pytest.mark.parametrize(
    ("network", "at_16", "at_32"),
    [(LinearForecaster, 17, 33), (DenseForecaster, 145, 545), (ConvForecaster, 809, 841)],
)
def test_parameter_counts_are_the_published_ones(network: type[nn.Module], at_16: int, at_32: int):
    for context, expected in [(16, at_16), (32, at_32)]:
        assert sum(p.numel() for p in network(context=context).parameters()) == expected


@pytest.mark.parametrize("network", [LinearForecaster, DenseForecaster, ConvForecaster])
@pytest.mark.parametrize("covariate_channels", [0, 2])
def test_shapes_and_gradients_with_several_channels(network: type[nn.Module], covariate_channels: int):
    model = network(
        context=9, in_channels=3, out_channels=2, horizon=4, covariate_channels=covariate_channels, num_quantiles=3
    )
    covariates = torch.randn(5, 13, 2) if covariate_channels else None
    forecast = model(torch.randn(5, 9, 3), covariates)
    assert forecast.shape == (5, 4, 2, 3)
    forecast.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_linear_equals_a_weighted_sum():
    model = LinearForecaster(context=4)
    history = torch.randn(3, 4, 1)
    expected = (history[:, :, 0] * model.output.weight[0]).sum(1) + model.output.bias
    assert torch.allclose(model(history).flatten(), expected)


@pytest.mark.parametrize("network", [LinearForecaster, DenseForecaster, ConvForecaster])
def test_differences_make_the_forecast_move_with_the_level(network: type[nn.Module]):
    model = network(context=8, in_channels=2, horizon=3, difference_input=True)
    history = torch.randn(4, 8, 2)
    shift = torch.tensor([5.0, -3.0])
    assert torch.allclose(model(history + shift), model(history) + 5.0, atol=1e-5)


def test_last_value_and_trend():
    history = torch.tensor([[[1.0, 0.0], [3.0, 5.0], [4.0, 7.0]]])
    assert NaiveLast(out_channels=2, horizon=2)(history)[0, :, :, 0].tolist() == [[4, 7], [4, 7]]
    assert NaiveDrift(out_channels=2, horizon=2)(history)[0, :, :, 0].tolist() == [[5, 9], [6, 11]]


def test_seasonal_naive_repeats_the_season():
    history = torch.arange(7.0).view(1, 7, 1)
    forecast = SeasonalNaive(season=3, context=7, horizon=5)(history)
    assert forecast.flatten().tolist() == [4, 5, 6, 4, 5]
    one = SeasonalNaive(season=1, context=7, horizon=5)(history)
    assert torch.equal(one, NaiveLast(horizon=5)(history))


def test_random_is_even_over_its_range_and_repeats_itself():
    model = NaiveRandom(horizon=2, out_channels=1)
    history = torch.rand(20_000, 3, 1)
    draws = model(history)
    assert torch.equal(draws, model(history))
    counts = torch.histc(draws.flatten(), bins=8, min=-2, max=2)
    assert counts.sum() == 40_000
    assert (counts - 5_000).abs().max() < 5 * 5_000**0.5
    pairs = draws[:, :, 0, 0]
    assert abs(torch.corrcoef(pairs.T)[0, 1]) < 0.03


def test_invalid_options_are_rejected():
    with pytest.raises(ZooError, match=r"`season` \(=8\) must lie in 1 … 7"):
        SeasonalNaive(season=8, context=7)
    with pytest.raises(ZooError, match=r"`context` \(=1\) must be at least 2"):
        NaiveDrift(context=1)
    with pytest.raises(ZooError, match=r"`context` \(=3\) must be at least 4"):
        ConvForecaster(context=3)
