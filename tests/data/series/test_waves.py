import math

import numpy as np
import pytest
import torch

from zoo.data.series.waves import FREQUENCIES, NOISE, Waves, draw_waves
from zoo.errors import ZooError


def waves(**changes) -> Waves:
    options = {
        "context": 32, "horizon": 1, "samples": 131_072, "val_samples": 8_192, "split": "fresh",
        "windows_per_epoch": 1024, "batch_size": 256, "num_workers": 0, "seed": 0,
    }  # fmt: skip
    return Waves(**(options | changes))


def clean(samples: int) -> np.ndarray:
    t = np.arange(samples)
    return np.stack([np.sin(a * t) + np.sin(b * t) for a, b in FREQUENCIES])


def test_statistics_equal_those_of_the_source():
    series = draw_waves(131_072, seed=3).numpy().astype(np.float64)
    assert series.mean() == pytest.approx(0.2, abs=0.002)
    assert series.std() == pytest.approx(1.0066, abs=0.001)
    noise = series - clean(131_072)
    assert noise.min() > -1e-6
    assert noise.max() < NOISE + 1e-6
    assert noise.std() == pytest.approx(NOISE / math.sqrt(12), abs=0.0005)
    lagged = np.corrcoef(noise[0, 1:], noise[0, :-1])[0, 1]
    assert abs(lagged) < 0.01


def test_noise_depends_on_the_split_and_the_seed():
    data = waves(samples=4096, val_samples=4096)
    series = {name: data.dataset(name).series for name in ("train", "val", "test")}
    noise = [(series[name].view(4, -1)[:, :4096].double() - torch.from_numpy(clean(4096))) for name in series]
    assert abs(np.corrcoef(noise[0].flatten(), noise[2].flatten())[0, 1]) < 0.03
    assert abs(np.corrcoef(noise[1].flatten(), noise[2].flatten())[0, 1]) < 0.03
    assert torch.equal(waves(samples=4096).dataset("test").series, series["test"])
    assert not torch.equal(waves(samples=4096, seed=1).dataset("test").series, series["test"])


def test_test_windows_lie_side_by_side_and_cover_the_series():
    data = waves()
    windows = data.dataset("test")
    assert len(windows) == 16_384
    batch = data.all_windows("test")
    segments = windows.series.view(4, 131_073)
    assert torch.equal(batch.history.reshape(4, 131_072), segments[:, :-1])
    assert torch.equal(batch.future.reshape(4, 4096), segments[:, 32::32])


def test_training_windows_never_cross_into_another_segment():
    windows = waves(samples=1000).dataset("train")
    assert len(windows) == 4 * (1000 - 32)
    starts = windows.starts(torch.arange(len(windows)))
    assert torch.equal(starts // 1000, (starts + 32) // 1000)


def test_original_split_equals_rolling_and_reshaping():
    data = waves(split="original", context=16, windows_per_epoch=None)
    series = data.dataset("train").series[: 4 * 131_072, 0]
    for name, shift in [("train", 0), ("test", -8)]:
        values = torch.roll(series, shift)
        batch = data.all_windows(name)
        assert torch.equal(batch.history[..., 0], values.view(-1, 16))
        assert torch.equal(batch.future[:, 0, 0], torch.roll(values, -1).view(-1, 16)[:, -1])


def test_batches_differ_by_epoch_and_repeat_by_seed():
    sampler = waves(samples=1000).sampler("train")
    first = torch.cat(list(sampler))
    assert first.shape == (1024,)
    assert torch.equal(first, torch.cat(list(waves(samples=1000).sampler("train"))))
    sampler.set_epoch(1)
    assert not torch.equal(first, torch.cat(list(sampler)))


def naive_rmse(batch, forecast) -> float:
    return (forecast - batch.future[:, 0, 0]).square().mean().sqrt().item()


@pytest.mark.parametrize(("context", "least_squares"), [(16, 0.2135), (32, 0.1999)])
def test_baselines_reach_the_published_errors(context: int, least_squares: float):
    data = waves(context=context)
    train, test = data.dataset("train")[torch.arange(0, 524_000, 11)], data.all_windows("test")
    assert naive_rmse(test, test.history[:, -1, 0]) == pytest.approx(0.410, abs=0.002)
    trend = 2 * test.history[:, -1, 0] - test.history[:, -2, 0]
    assert naive_rmse(test, trend) == pytest.approx(0.335, abs=0.002)
    columns = [torch.cat([b.history[..., 0], torch.ones(len(b.history), 1)], 1).double() for b in (train, test)]
    weights = torch.linalg.lstsq(columns[0], train.future[:, 0].double()).solution
    assert naive_rmse(test, (columns[1] @ weights)[:, 0]) == pytest.approx(least_squares, abs=0.002)


def test_the_best_possible_forecast_has_the_known_error():
    """Forecasts the mean of the posterior, which is uniform over all segments and phases within the noise's range."""
    windows = waves().all_windows("test")
    chosen = torch.randperm(16_384, generator=torch.Generator().manual_seed(0))[:200]
    history, future = windows.history[chosen, :, 0].double(), windows.future[chosen, 0, 0].double()
    phase = torch.arange(0, 2 * math.pi / 0.05, 0.02, dtype=torch.float64)
    steps = torch.arange(33, dtype=torch.float64)
    curves = torch.cat(
        [torch.sin(a * (phase[:, None] + steps)) + torch.sin(b * (phase[:, None] + steps)) for a, b in FREQUENCIES]
    )
    forecast = []
    for window in history:
        rest = window - curves[:, :32]
        fits = ((rest > -1e-3) & (rest < NOISE + 1e-3)).all(1)
        forecast.append(curves[fits, 32].mean() + NOISE / 2)
    error = (torch.stack(forecast) - future).square().mean().sqrt().item()
    assert error == pytest.approx(0.1160, abs=0.009)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": "train"}, r"`data.split` \(=train\) must be one of: fresh, original"),
        ({"samples": 16}, r"`data.samples` \(=16\) must be at least 32"),
        ({"context": 0}, r"`data.context` \(=0\) must be at least 1"),
    ],
)
def test_invalid_options_are_refused(changes: dict, message: str):
    with pytest.raises(ZooError, match=message):
        waves(**changes)


def test_a_batch_larger_than_an_epoch_is_refused():
    with pytest.raises(ZooError, match=r"`data.batch_size` \(=2048\) must lie in 1 … 1024"):
        waves(batch_size=2048).sampler("train")
