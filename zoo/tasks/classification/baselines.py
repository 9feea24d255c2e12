"""Baselines of a classifier: majority class, logistic regression, random forest."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from zoo.data.base import DataModule
from zoo.reports.pixels import MAX_TRAIN_IMAGES, pixels
from zoo.reports.quiet_fits import quiet_fits
from zoo.tasks.base import Task
from zoo.tasks.classification.frozen_features import features

Pixels = Float[np.ndarray, "n d"]
Labels = Int[np.ndarray, " n"]


def baselines(datamodule: DataModule, task: Task) -> dict[str, dict[str, float]]:
    """Test accuracy of the majority class, logistic regression and a random forest on pixels.

    Each is fitted on at most 5,000 training images, drawn with the seed of the run, and scored on the full test split.
    Images larger than 16 x 16 are averaged down to that size. After fine-tuning, logistic regression on the features
    of the pretrained network is added.
    """
    train, test = datamodule.dataset("train"), datamodule.dataset("test")
    chosen = np.sort(np.random.default_rng(datamodule.seed).permutation(len(train))[:MAX_TRAIN_IMAGES])
    all_test = np.arange(len(test))
    scores = fit_and_score(*pixels(train, chosen), *pixels(test, all_test), seed=datamodule.seed)
    if task.pretrained_network is None:
        return scores
    network = task.pretrained_network()
    fitted, scored = (features(network, datamodule, "train", chosen), features(network, datamodule, "test", all_test))
    return scores | {"logistic regression on frozen features": {"accuracy": _accuracy(_logistic(), *fitted, *scored)}}


def fit_and_score(
    train: Pixels,
    train_labels: Labels,
    test: Float[np.ndarray, "m d"],
    test_labels: Int[np.ndarray, " m"],
    *,
    seed: int,
) -> dict[str, dict[str, float]]:
    """Test accuracy of each baseline after fitting it on the training pixels."""
    models: dict[str, Any] = {
        "majority class": DummyClassifier(strategy="most_frequent"),
        "logistic regression": _logistic(),
        "random forest": RandomForestClassifier(n_estimators=100, random_state=seed),
    }
    return {
        name: {"accuracy": _accuracy(model, train, train_labels, test, test_labels)} for name, model in models.items()
    }


def _logistic() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))


def _accuracy(
    model: Any, train: Pixels, train_labels: Labels, test: Float[np.ndarray, "m d"], test_labels: Int[np.ndarray, " m"]
) -> float:
    with quiet_fits():
        return float(model.fit(train, train_labels).score(test, test_labels))
