import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.tasks.forecasting.diebold_mariano import diebold_mariano

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.normal(size=80).cumsum()
FIRST, SECOND = TRUTH + RANDOM.normal(size=80), TRUTH + 1.3 * RANDOM.normal(size=80)


@pytest.mark.parametrize(("horizon", "greater"), [(1, "acf"), (3, "acf"), (6, "bartlett"), (30, "acf")])
def test_equals_an_independent_implementation_with_the_greater_variance(horizon: int, greater: str):
    package = pytest.importorskip("dieboldmariano")
    losses = [list(TRUTH), list(FIRST), list(SECOND)]
    tests = {name: package.dm_test(*losses, h=horizon, variance_estimator=name) for name in ("acf", "bartlett")}
    statistic, p_value = tests[greater]
    assert statistic == max(test[0] for test in tests.values())  # all are below 0: the first has the smaller errors
    ours = diebold_mariano((TRUTH - FIRST) ** 2, (TRUTH - SECOND) ** 2, horizon)
    assert ours.statistic == pytest.approx(statistic, abs=1e-9)
    assert ours.p_value == pytest.approx(p_value, abs=1e-9)


def test_false_alarms_come_as_often_as_the_level_says():
    alarms = 0
    for _ in range(2000):
        first, second = RANDOM.normal(size=(2, 60))
        alarms += diebold_mariano(first**2, second**2, 1).p_value < 0.05
    assert 0.03 < alarms / 2000 < 0.07


@pytest.mark.parametrize(("count", "horizon", "most"), [(60, 6, 0.12), (20, 11, 0.20)])
def test_false_alarms_of_few_overlapping_forecasts(count: int, horizon: int, most: float):
    alarms = 0
    for _ in range(1000):
        overlapping = np.convolve(RANDOM.normal(size=count + horizon - 1), np.ones(horizon), "valid")
        alarms += diebold_mariano(overlapping, np.zeros(count), horizon).p_value < 0.05
    assert alarms / 1000 < most


def test_equal_losses_and_a_constant_lead():
    loss = np.abs(TRUTH)
    assert diebold_mariano(loss, loss, 2) == (0.0, 1.0)
    constant = np.zeros(8)
    assert diebold_mariano(constant, constant + 1.0, 1) == (-np.inf, 0.0)


def test_where_the_plain_variance_is_negative_bartletts_weights_step_in():
    alternating = np.tile([1.0, -1.0], 20) + np.linspace(0, 1e-3, 40)
    outcome = diebold_mariano(alternating, np.zeros(40), 2)
    assert np.isfinite(outcome.statistic)
    assert 0.0 <= outcome.p_value <= 1.0


def test_too_few_forecasts_are_refused():
    with pytest.raises(ZooError, match="of 3 steps needs at least 5 forecasts, not 4"):
        diebold_mariano(np.zeros(4), np.ones(4), 3)
