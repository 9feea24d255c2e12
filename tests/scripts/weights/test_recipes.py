import math

import pytest
from weights.recipes import interval, recipes

from zoo.run.catalog import list_models


def test_the_interval_is_that_of_student():
    low, high = interval([0.9, 0.92, 0.94])
    half = 4.302652729749464 * 0.02 * math.sqrt(4 / 3)  # the 0.975 quantile of two degrees of freedom, from a table
    assert (low, high) == pytest.approx((0.92 - half, 0.92 + half))
    assert interval([0.9, 0.92, 0.94], 1.0) == (pytest.approx(0.92 - half), 1.0)
    assert interval([0.01, 0.05, 0.09])[0] == 0.0


def test_every_recipe_is_of_a_model_and_says_where_its_data_is(tmp_path):
    for name, recipe in recipes().items():
        assert name.partition("/")[0] in list_models()
        assert (recipe.folder is None) == (recipe.root is None)
        assert recipe.located(tmp_path) == ([] if recipe.folder is None else None)


def test_the_best_baseline_is_the_lowest_or_the_highest():
    figures = {"baselines": {"a": {"accuracy": 0.2, "rmse": 3.0}, "b": {"accuracy": 0.5, "rmse": 4.0}, "c": {}}}
    assert recipes()["lenet5/digits"].best_baseline([figures]) == "b 0.5000"
    assert recipes()["gru_small/co2"].best_baseline([figures]) == "a 3.0000"
    assert recipes()["lenet5/digits"].best_baseline([{"baselines": {"c": {}}}]) == "–"


def test_the_noise_of_generated_data_is_no_baseline():
    ratings = recipes()["matrix_factorization/synthetic_ratings"]
    baselines = {"mean": {"rmse": 1.0}, "noise floor": {"rmse": 0.8}}
    assert ratings.best_baseline([{"baselines": baselines}]) == "mean 1.0000"
