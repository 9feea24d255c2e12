"""The summary of a run and the baselines that beat the model."""

import pytest

from zoo.run.results import better_baselines, summary

RULES = {"last": {"rmse": 0.5, "mae": 0.1}, "linear": {"rmse": 0.3}, "pixels": {"eer": 0.2}}


@pytest.mark.parametrize(
    ("ours", "mode", "better"),
    [
        (0.2, "min", []),
        (0.4, "min", ["linear"]),
        (0.6, "min", ["last", "linear"]),
        (0.4, "max", ["last"]),
        (0.6, "max", []),
        (0.3000001, "min", []),  # the same rule, rounded
    ],
)
def test_rules_that_are_better_are_named(ours: float, mode: str, better: list[str]):
    test = {"rmse": ours, "loss": 1.0}
    assert better_baselines(test, RULES, "rmse", mode) == better
    lines = summary(test, RULES, "rmse", better)
    assert lines[:2] == [f"test: loss 1.0000  rmse {ours:.4f}", "baselines, rmse: last 0.5000  linear 0.3000"]
    assert lines[2:] == ([f"better than this model: {', '.join(better)}"] if better else [])


def test_a_run_without_rules_says_its_own_figures():
    assert better_baselines({"rmse": 0.25}, {}, "rmse", "min") == []
    assert better_baselines({"loss": 0.25}, RULES, "rmse", "min") == []
    assert summary({"rmse": 0.25}, {}, "rmse", []) == ["test: rmse 0.2500"]
