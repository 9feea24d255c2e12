"""Classical classifiers of a table as models: solved for by scikit-learn, stored as plain arrays."""

from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from zoo.data.base import DataModule
from zoo.errors import ZooError
from zoo.networks.linear import LinearModel
from zoo.networks.trees import TreeEnsemble
from zoo.reports.quiet_fits import quiet_fits
from zoo.tasks.classification.table.task import TableClassification
from zoo.tasks.solving import copy_linear, tree_network

ESTIMATORS = ("logistic", "decision_tree", "random_forest")


class SolvedClassification(TableClassification):
    """A `TableClassification` whose network is solved for on the training part instead of trained.

    `estimator`: `logistic` (regression with an L2 penalty of strength 1 / `inverse_penalty`), `decision_tree`, or
    `random_forest` of `trees`. Leaves of trees hold at least `min_samples_leaf` rows.

    Raises:
        ZooError: another estimator, or a network of another kind.
    """

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: nn.Module,
        num_classes: int,
        estimator: str,
        inverse_penalty: float = 1.0,
        trees: int = 100,
        min_samples_leaf: int = 1,
    ) -> None:
        super().__init__(network=network, loss=loss, num_classes=num_classes)
        if estimator not in ESTIMATORS:
            raise ZooError(f"`model.estimator` (={estimator}) must be one of: {', '.join(ESTIMATORS)}")
        expected = LinearModel if estimator == "logistic" else TreeEnsemble
        if not isinstance(network, expected):
            raise ZooError(f"`model.estimator` (={estimator}) needs a network {expected.__name__}")
        self.estimator = estimator
        self.inverse_penalty = inverse_penalty
        self.trees = trees
        self.min_samples_leaf = min_samples_leaf

    def solve(self, datamodule: DataModule) -> None:
        """Fits the estimator on the training part and copies its arrays."""
        inputs, labels = datamodule.dataset("train").arrays()
        if len(np.unique(labels)) < self.num_classes:
            raise ZooError("a class has no row in the training part: give data.split=stratified")
        with quiet_fits():
            fitted = self.make_estimator(datamodule.seed).fit(inputs, labels)
        if isinstance(self.network, LinearModel):
            weight, bias = fitted.coef_, fitted.intercept_
            if self.num_classes == 2:  # one logit, that of the second class
                weight, bias = np.concatenate([0 * weight, weight]), np.concatenate([0 * bias, bias])
            copy_linear(self.network, weight, bias)
            return
        assert isinstance(self.network, TreeEnsemble)
        fits = [each.tree_ for each in getattr(fitted, "estimators_", [fitted])]
        self.network = tree_network(fits, self.network)
        self.config["network"] |= self.network.size()

    def make_estimator(self, seed: int) -> Any:
        """The estimator of scikit-learn."""
        leaf = self.min_samples_leaf
        if self.estimator == "logistic":
            return LogisticRegression(C=self.inverse_penalty, max_iter=1_000)
        if self.estimator == "decision_tree":
            return DecisionTreeClassifier(min_samples_leaf=leaf, random_state=seed)
        return RandomForestClassifier(self.trees, min_samples_leaf=leaf, random_state=seed)
