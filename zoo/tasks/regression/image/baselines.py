"""Baselines of an image regression: the mean, ridge regression and a random forest on pixels."""

from typing import Any

import numpy as np
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from zoo.data.base import DataModule
from zoo.reports.pixels import MAX_TRAIN_IMAGES, pixels
from zoo.reports.quiet_fits import quiet_fits
from zoo.tasks.base import Baselines, Task
from zoo.tasks.regression.table.baselines import errors

ALPHAS = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)


def baselines(datamodule: DataModule, task: Task) -> Baselines:
    """Test errors of each baseline, fitted on at most 5,000 training images averaged down to 16×16 pixels."""
    train, test = datamodule.dataset("train"), datamodule.dataset("test")
    chosen = np.sort(np.random.default_rng(datamodule.seed).permutation(len(train))[:MAX_TRAIN_IMAGES])
    inputs, targets = pixels(train, chosen)
    test_inputs, test_targets = pixels(test, np.arange(len(test)))
    models: dict[str, Any] = {
        "mean": DummyRegressor(),
        "ridge": make_pipeline(StandardScaler(), RidgeCV(alphas=ALPHAS)),
        "random forest": RandomForestRegressor(n_estimators=100, max_features=1 / 3, random_state=datamodule.seed),
    }
    with quiet_fits():
        return {
            name: errors(model.fit(inputs, targets).predict(test_inputs), test_targets)
            for name, model in models.items()
        }
