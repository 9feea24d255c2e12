"""Classical classifiers of a table, through scikit-learn, on the same split as the network."""

from typing import Any

from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, RidgeClassifierCV
from sklearn.tree import DecisionTreeClassifier

from zoo.data.base import DataModule
from zoo.reports.quiet_fits import quiet_fits
from zoo.reports.table.rivals import ALPHAS, MOST_ROWS, MOST_SQUARED, polynomial
from zoo.tasks.base import Baselines, Task


def baselines(datamodule: DataModule, task: Task) -> Baselines:
    """Test accuracy of each rival, fitted on at most 20,000 training rows."""
    inputs, labels = datamodule.dataset("train").arrays(MOST_ROWS, datamodule.seed)
    test_inputs, test_labels = datamodule.dataset("test").arrays()
    with quiet_fits():
        return {
            name: {"accuracy": float(model.fit(inputs, labels).score(test_inputs, test_labels))}
            for name, model in rivals(inputs.shape[1], datamodule.seed).items()
        }


def rivals(inputs: int, seed: int) -> dict[str, Any]:
    """The models by name; the polynomial is left out for more than 60 inputs."""
    squared = {"degree 2 with ridge": polynomial(RidgeClassifierCV(alphas=ALPHAS))} if inputs <= MOST_SQUARED else {}
    return {
        "majority class": DummyClassifier(strategy="most_frequent"),
        **linear_models(seed),
        **squared,
        "decision tree": DecisionTreeClassifier(min_samples_leaf=5, random_state=seed),
        "bagging": BaggingClassifier(n_estimators=50, random_state=seed),
        "random forest": RandomForestClassifier(n_estimators=100, random_state=seed),
        "AdaBoost": AdaBoostClassifier(random_state=seed),
        "gradient boosting": HistGradientBoostingClassifier(random_state=seed),
    }


def linear_models(seed: int) -> dict[str, Any]:
    """The models with one coefficient for each input and class."""
    lasso = LogisticRegressionCV(
        Cs=10,
        cv=3,
        l1_ratios=[1.0],
        solver="saga",
        tol=1e-2,
        scoring="accuracy",
        use_legacy_attributes=False,
        random_state=seed,
    )
    return {
        "logistic regression": LogisticRegression(max_iter=300),
        "ridge classifier": RidgeClassifierCV(alphas=ALPHAS),
        "L1 logistic regression": lasso,
    }
