import torch

from zoo.tasks.forecasting.standardizer import Standardizer

STANDARDIZER = Standardizer(center=[5.0, 100.0], scale=[2.0, 30.0], known_center=[0.5], known_scale=[4.0])


def test_standardizing_and_returning_are_inverses():
    values = torch.randn(3, 4, 2, dtype=torch.float64) * 50
    assert torch.allclose(STANDARDIZER.inverse(STANDARDIZER(values)), values)
    quantiles = STANDARDIZER(values)[..., None].expand(-1, -1, -1, 5)
    assert torch.allclose(STANDARDIZER.inverse(quantiles), values[..., None].expand(-1, -1, -1, 5))


def test_forecast_channels_are_the_first_of_those_read():
    values = torch.tensor([[[9.0]]])
    assert STANDARDIZER(values).tolist() == [[[2.0]]]
    assert STANDARDIZER.inverse(torch.tensor([[[2.0]]])).tolist() == [[[9.0]]]


def test_covariates_have_their_own_units():
    assert STANDARDIZER.covariates(torch.tensor([[[8.5]]])).tolist() == [[[2.0]]]


def test_single_precision_values_keep_their_digits():
    far = Standardizer(center=[1e9], scale=[1.0])
    assert far(torch.tensor([[[1e9 + 1]]], dtype=torch.float64)).item() == 1.0
    assert far.inverse(torch.tensor([[[1.0]]])).item() == 1e9 + 1
