"""What simple rules reach on the same split: did the network learn anything that they cannot?"""

import warnings
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn import functional as F

from zoo.data.base import BatchDataset, DataModule
from zoo.tasks.base import Task
from zoo.tasks.classification.frozen_features import features

FITTED_ON = 5_000  # training images, drawn at random where there are more, so that it takes seconds
SIDE = 16  # pixels; larger images are average_views down to this
CHUNK = 256

Pixels = Float[np.ndarray, "n d"]
Labels = Int[np.ndarray, " n"]


def baselines(datamodule: DataModule, task: Task) -> dict[str, dict[str, float]]:
    """Test accuracy of the majority class, of logistic regression and of a random forest on pixels.

    They are fitted on the training split, or on 5,000 images of it drawn with the run's seed, and measured on the
    whole test split. Images larger than 16 x 16 are average_views down to that. Where training started from published
    weights, logistic regression on the features of those weights stands beside them.
    """
    train, test = datamodule.dataset("train"), datamodule.dataset("test")
    chosen = np.sort(np.random.default_rng(datamodule.seed).permutation(len(train))[:FITTED_ON])
    everything = np.arange(len(test))
    scores = fit_and_score(*pixels(train, chosen), *pixels(test, everything), seed=datamodule.seed)
    if task.pretrained_network is None:
        return scores
    network = task.pretrained_network()
    read = [features(network, datamodule, "train", chosen), features(network, datamodule, "test", everything)]
    return scores | {"logistic regression on frozen features": {"accuracy": _accuracy(_logistic(), *read[0], *read[1])}}


def fit_and_score(
    train: Pixels,
    train_labels: Labels,
    test: Float[np.ndarray, "m d"],
    test_labels: Int[np.ndarray, " m"],
    *,
    seed: int,
) -> dict[str, dict[str, float]]:
    """Accuracy of each rule, fitted on one part and measured on the other."""
    rules: dict[str, Any] = {
        "majority class": DummyClassifier(strategy="most_frequent"),
        "logistic regression": _logistic(),
        "random forest": RandomForestClassifier(n_estimators=100, random_state=seed),
    }
    return {name: {"accuracy": _accuracy(rule, train, train_labels, test, test_labels)} for name, rule in rules.items()}


def _logistic() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))


def _accuracy(
    rule: Any, train: Pixels, train_labels: Labels, test: Float[np.ndarray, "m d"], test_labels: Int[np.ndarray, " m"]
) -> float:
    # spinning threads cost more than they bring at this size; a fit that stops at max_iter is still a fair rule
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(rule.fit(train, train_labels).score(test, test_labels))


def pixels(images: BatchDataset, indices: Int[np.ndarray, " n"]) -> tuple[Pixels, Labels]:
    """Fetch images as rows of pixel values in [0, 1], average_views down to at most 16 on a side, and their labels."""
    rows, labels = [], []
    for part in torch.from_numpy(indices).split(CHUNK):
        batch, truth = images[part]
        rows.append(_small(batch).flatten(1).numpy())
        labels.append(truth.numpy())
    return np.concatenate(rows), np.concatenate(labels)


def _small(images: Tensor) -> Tensor:
    values = images.float() if images.is_floating_point() else images.float() / 255.0
    if images.ndim == 5:
        depth, height, width = (min(side, SIDE) for side in images.shape[2:])
        return F.adaptive_avg_pool3d(values, (depth, height, width))
    height, width = (min(side, SIDE) for side in images.shape[2:])
    return F.adaptive_avg_pool2d(values, (height, width))
