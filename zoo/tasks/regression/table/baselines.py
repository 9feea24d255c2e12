"""Classical regressions of a table, through scikit-learn, on the same split as the network."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import LassoCV, LinearRegression, RidgeCV
from sklearn.tree import DecisionTreeRegressor

from zoo.data.base import DataModule
from zoo.reports.quiet_fits import quiet_fits
from zoo.reports.table.rivals import ALPHAS, MOST_ROWS, MOST_SQUARED, polynomial
from zoo.tasks.base import Baselines, Task
from zoo.tasks.regression.metrics import RegressionErrors


def baselines(datamodule: DataModule, task: Task) -> Baselines:
    """Test errors of each rival, fitted on at most 20,000 training rows."""
    inputs, targets = datamodule.dataset("train").arrays(MOST_ROWS, datamodule.seed)
    test_inputs, test_targets = datamodule.dataset("test").arrays()
    found = {}
    with quiet_fits():
        for name, model in rivals(inputs.shape[1], datamodule.seed).items():
            found[name] = errors(model.fit(inputs, targets).predict(test_inputs), test_targets)
    return found


def rivals(inputs: int, seed: int) -> dict[str, Any]:
    """The models by name; the polynomial is left out for more than 60 inputs."""
    squared = {"degree 2 with ridge": polynomial(RidgeCV(alphas=ALPHAS))} if inputs <= MOST_SQUARED else {}
    return {
        "mean": DummyRegressor(),
        **linear_models(),
        **squared,
        "decision tree": DecisionTreeRegressor(min_samples_leaf=5, random_state=seed),
        "bagging": BaggingRegressor(n_estimators=50, random_state=seed),
        "random forest": RandomForestRegressor(n_estimators=100, max_features=1 / 3, random_state=seed),
        "AdaBoost": AdaBoostRegressor(random_state=seed),
        "gradient boosting": HistGradientBoostingRegressor(random_state=seed),
    }


def linear_models() -> dict[str, Any]:
    """The models with one coefficient for each input."""
    return {"linear": LinearRegression(), "ridge": RidgeCV(alphas=ALPHAS), "lasso": LassoCV(cv=5)}


def errors(predicted: Float[np.ndarray, " n"], target: Float[np.ndarray, " n"]) -> dict[str, float]:
    """RMSE, MAE and R² of predictions."""
    metric = RegressionErrors(float(target.mean()), sync_on_compute=False)  # only the first process computes baselines
    metric.update(torch.from_numpy(np.asarray(predicted, np.float64)), torch.from_numpy(target))
    return {key: float(value) for key, value in metric.compute().items()}
