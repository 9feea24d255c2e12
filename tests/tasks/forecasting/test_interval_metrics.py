import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm

from zoo.tasks.forecasting.interval_metrics import IntervalErrors, covered, crps

GENERATOR = torch.Generator().manual_seed(2)
TARGET = torch.randn(30, 4, 2, generator=GENERATOR, dtype=torch.float64)
LEVELS = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
QUANTILES = torch.randn(30, 4, 2, 19, generator=GENERATOR, dtype=torch.float64).sort(dim=-1).values


def test_crps_and_coverage_equal_utilsforecast():
    losses = pytest.importorskip("utilsforecast.losses")
    columns = {f"q{i}": QUANTILES[..., i].numpy().ravel() for i in range(19)}
    table = pd.DataFrame({"unique_id": 0, "ds": np.arange(240), "y": TARGET.numpy().ravel(), **columns})
    theirs = losses.mqloss(table, {"q": list(columns)}, LEVELS.numpy())["q"].item()
    assert crps(QUANTILES, LEVELS, TARGET).mean().item() == pytest.approx(2.0 * theirs, abs=1e-9)
    edges = table.rename(columns={"q0": "f-lo-90", "q18": "f-hi-90"})
    expected = losses.coverage(edges, ["f"], 90)["f"].item()
    inside = covered(QUANTILES[..., 0], QUANTILES[..., 18], TARGET)
    assert inside.double().mean().item() == pytest.approx(expected, abs=1e-9)


def test_crps_of_many_normal_quantiles_approaches_the_closed_form():
    levels = (np.arange(4000) + 0.5) / 4000
    quantiles = torch.from_numpy(norm.ppf(levels))
    for value in (-1.3, 0.0, 2.0):
        closed = value * (2 * norm.cdf(value) - 1) + 2 * norm.pdf(value) - 1 / np.sqrt(np.pi)
        ours = crps(quantiles, torch.from_numpy(levels), torch.tensor(value, dtype=torch.float64)).item()
        assert ours == pytest.approx(closed, abs=1e-3)


def test_crps_of_the_median_alone_is_the_absolute_error():
    median = torch.tensor([0.5], dtype=torch.float64)
    assert torch.allclose(crps(QUANTILES[..., :1], median, TARGET), (QUANTILES[..., 0] - TARGET).abs())


def test_batches_add_up_to_the_whole():
    metric = IntervalErrors(LEVELS.tolist())
    lower, upper = QUANTILES[..., 0], QUANTILES[..., 18]
    for part in (slice(0, 11), slice(11, 30)):
        metric.update(lower[part], upper[part], QUANTILES[part], TARGET[part])
    measured = metric.compute()
    assert measured["coverage"].item() == pytest.approx(covered(lower, upper, TARGET).double().mean().item())
    assert measured["width"].item() == pytest.approx((upper - lower).mean().item())
    share = (QUANTILES[..., 3] >= TARGET).double().mean()
    assert (metric.below[3] / metric.count).item() == pytest.approx(share.item())
    assert measured["crps"].item() == pytest.approx(crps(QUANTILES, LEVELS, TARGET).mean().item())
