"""Baselines of a classifier: majority class, logistic regression, random forest."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.nn import functional as F

from zoo.data.base import BatchDataset, DataModule
from zoo.reports.quiet_fits import quiet_fits
from zoo.tasks.base import Task
from zoo.tasks.classification.frozen_features import features

MAX_TRAIN_IMAGES = 5_000  # a random subset of larger splits, so that fitting takes seconds
SIDE = 16  # pixels; larger images are averaged down to this
CHUNK = 256

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


def pixels(images: BatchDataset, indices: Int[np.ndarray, " n"]) -> tuple[Pixels, Shaped[np.ndarray, " n"]]:
    """Returns images as rows of pixel values in [0, 1], averaged down to at most 16 x 16, and their labels."""
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
