import pytest
import torch

from zoo.tasks.forecasting.intervals import LEVELS, ConformalIntervals, QuantileIntervals


def test_levels_are_evenly_spaced():
    assert pytest.approx([0.05 * k for k in range(1, 20)]) == LEVELS


def test_without_residuals_intervals_are_unbounded():
    found = ConformalIntervals(interval=0.9, horizon=2, out_channels=1)(torch.zeros(3, 2, 1, 1))
    assert found.lower.isneginf().all()
    assert found.upper.isposinf().all()
    assert found.quantiles[..., len(LEVELS) // 2].eq(0).all()


def test_intervals_are_quantiles_of_the_residuals_of_each_step():
    intervals = ConformalIntervals(interval=0.8, horizon=2, out_channels=1)
    residuals = torch.arange(1.0, 100.0).view(-1, 1, 1) * torch.tensor([1.0, 10.0]).view(1, 2, 1)
    intervals.update(residuals)
    intervals.calibrate()
    found = intervals(torch.zeros(1, 2, 1, 1))
    assert found.lower.flatten().tolist() == [0.0, 0.0]  # the forecast itself lies within
    assert found.upper.flatten().tolist() == [90.0, 900.0]
    assert intervals(torch.zeros(1, 1, 1, 1)).upper.flatten().tolist() == [90.0]


def test_residuals_of_an_earlier_validation_are_dropped():
    intervals = ConformalIntervals(interval=0.8, horizon=1, out_channels=1)
    intervals.update(torch.full((9, 1, 1), 1000.0))
    intervals.reset()
    intervals.update(torch.zeros(9, 1, 1))
    intervals.calibrate()
    assert intervals.residuals.eq(0).all()


def test_with_few_windows_the_residuals_of_all_steps_are_pooled_and_that_is_said():
    intervals = ConformalIntervals(interval=0.9, horizon=12, out_channels=1)
    residuals = torch.randn(4, 12, 1, generator=torch.Generator().manual_seed(0)) + 3.0
    intervals.update(residuals)
    said = intervals.calibrate()
    assert said.startswith("from the residuals of 4 validation windows, pooled over the steps: 19 would be needed for")
    found = intervals(torch.zeros(1, 12, 1, 1))
    assert torch.equal(found.lower, -found.upper)
    assert found.upper.unique().tolist() == [residuals.abs().max()]  # 15 distinct steps are just enough
    intervals.update(residuals.repeat(5, 1, 1))
    assert intervals.calibrate() == "from the residuals of 20 validation windows, for each step"


def test_windows_that_overlap_are_counted_once():
    intervals = ConformalIntervals(interval=0.9, horizon=11, out_channels=1)
    for stride, said in (
        (1, "; they overlap, and about 2 do not: 19 would be needed for 90%, so the coverage is uncertain"),
        (11, ""),
        (None, ""),
    ):
        intervals.update(torch.randn(22, 11, 1))
        assert intervals.calibrate(stride=stride) == f"from the residuals of 22 validation windows, for each step{said}"


def test_learned_quantiles_are_sorted():
    found = QuantileIntervals([0.1, 0.5, 0.9])(torch.tensor([[[[3.0, 1.0, 2.0]]]]))
    assert found.quantiles.tolist() == [[[[1.0, 2.0, 3.0]]]]
    assert (found.lower.item(), found.upper.item()) == (1.0, 3.0)
