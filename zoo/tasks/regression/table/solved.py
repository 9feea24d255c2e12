"""Classical regressions of a table as models: solved for by scikit-learn, stored as plain arrays."""

from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LassoCV, LinearRegression, RidgeCV
from sklearn.tree import DecisionTreeRegressor
from torch import nn

from zoo.data.base import DataModule
from zoo.errors import ZooError
from zoo.networks.linear import LinearModel
from zoo.networks.trees import TreeEnsemble
from zoo.reports.quiet_fits import quiet_fits
from zoo.tasks.regression.table.task import TableRegression
from zoo.tasks.solving import copy_linear, tree_network

ESTIMATORS = ("linear", "ridge", "lasso", "decision_tree", "random_forest")


class SolvedRegression(TableRegression):
    """A `TableRegression` whose network is solved for on the training part instead of trained.

    `estimator`: `linear` (least squares), `ridge` and `lasso` with the strength that is best in five-fold
    cross-validation (of `alphas`; for lasso of 100 values), `decision_tree`, or `random_forest` of `trees`. Leaves of
    trees hold at least `min_samples_leaf` rows.

    Raises:
        ZooError: another estimator, or a network of another kind.
    """

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: nn.Module,
        estimator: str,
        alphas: list[float] | None = None,
        trees: int = 100,
        min_samples_leaf: int = 1,
        interval: float = 0.9,
        target_center: float = 0.0,
        target_scale: float = 1.0,
    ) -> None:
        super().__init__(
            network=network, loss=loss, interval=interval, target_center=target_center, target_scale=target_scale
        )
        if estimator not in ESTIMATORS:
            raise ZooError(f"`model.estimator` (={estimator}) must be one of: {', '.join(ESTIMATORS)}")
        expected = TreeEnsemble if estimator in ESTIMATORS[3:] else LinearModel
        if not isinstance(network, expected):
            raise ZooError(f"`model.estimator` (={estimator}) needs a network {expected.__name__}")
        self.estimator = estimator
        self.alphas = alphas or [0.1, 1.0, 10.0]
        self.trees = trees
        self.min_samples_leaf = min_samples_leaf

    def solve(self, datamodule: DataModule) -> None:
        """Fits the estimator on the training part and copies its arrays."""
        inputs, targets = datamodule.dataset("train").arrays()
        with quiet_fits():
            fitted = self.make_estimator(datamodule.seed).fit(inputs, targets)
        if isinstance(self.network, LinearModel):
            weight, bias = np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_)
            scale, center = self.target_scale, self.target_center
            copy_linear(self.network, weight / scale, (bias - center) / scale)
            return
        assert isinstance(self.network, TreeEnsemble)
        fits = [each.tree_ for each in getattr(fitted, "estimators_", [fitted])]
        self.network = tree_network(fits, self.network, scale=self.target_scale, center=self.target_center)
        self.config["network"] |= self.network.size()

    def make_estimator(self, seed: int) -> Any:
        """The estimator of scikit-learn."""
        leaf = self.min_samples_leaf
        if self.estimator == "linear":
            return LinearRegression()
        if self.estimator == "ridge":
            return RidgeCV(alphas=self.alphas, cv=5)
        if self.estimator == "lasso":
            return LassoCV(cv=5)
        if self.estimator == "decision_tree":
            return DecisionTreeRegressor(min_samples_leaf=leaf, random_state=seed)
        return RandomForestRegressor(self.trees, min_samples_leaf=leaf, max_features=1 / 3, random_state=seed)
