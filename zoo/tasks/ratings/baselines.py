"""Baselines of ratings: mean, damped biases, popularity, item neighbors, and the noise floor of synthetic data."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torchmetrics import Metric

from zoo.data.ratings.base import RatingsData
from zoo.data.ratings.rows import COLD
from zoo.tasks.ratings.fallback import DAMPING
from zoo.tasks.ratings.rankings import rank_split
from zoo.tasks.ratings.task import Ratings

_NEIGHBORS, _SHRINKAGE = 30, 50.0  # most similar items; common users at which a similarity counts half
_DAMPING = 0.5  # added to the sum of similarities, so that few similar items count less
_ITEMS = 10_000  # at most for neighbors, whose similarities take the square of it in memory


class Baseline(NamedTuple):
    """A simple model: ratings of pairs, and the scores of all items for users; None if it has no such answer."""

    predict: Callable[[np.ndarray, np.ndarray], np.ndarray] | None
    score: Callable[[np.ndarray], np.ndarray] | None


def baselines(datamodule: RatingsData, task: Ratings) -> dict[str, dict[str, float]]:
    """Test metrics of each baseline on warm ratings, and of its rankings."""
    columns = datamodule.dataset("test").columns
    rows = np.flatnonzero((columns.users != COLD) & (columns.items != COLD))
    columns = columns[rows]
    found: dict[str, dict[str, float]] = {}
    for name, baseline in fit_baselines(datamodule).items():
        values: dict[str, float] = {}
        if baseline.predict is not None and len(rows):
            for metric in task.make_metrics().values():
                assert isinstance(metric, Metric)
                metric.sync_on_compute = False  # only the first process computes baselines
                predicted = torch.from_numpy(baseline.predict(columns.users, columns.items))
                metric.update(task.from_ratings(predicted), torch.from_numpy(np.asarray(columns.ratings)))
                values |= {key: float(value) for key, value in metric.compute().items()}
        if baseline.score is not None:
            values |= rank_split(datamodule, "test", _scorer(baseline.score), task.top_k, device="cpu")
        if values:
            found[name] = values
    if datamodule.floor is not None:
        found["noise floor"] = datamodule.floor
    return found


def fit_baselines(datamodule: RatingsData) -> dict[str, Baseline]:
    """The baselines by name, fitted on the training ratings."""
    train = datamodule.dataset("train").columns
    users, items, ratings = (np.asarray(c) for c in (train.users, train.items, train.ratings))
    shape, mean = (len(datamodule.users), len(datamodule.items)), datamodule.mean
    b, c = damped_biases(users, items, ratings - mean, shape)
    counts = np.bincount(items, minlength=shape[1]).astype(np.float64)
    found = {
        "mean": Baseline(lambda u, _: np.full(len(u), mean), None),
        "biases": Baseline(lambda u, i: mean + b[u] + c[i], lambda u: mean + b[u, None] + c),
        "popularity": Baseline(None, lambda u: np.broadcast_to(counts, (len(u), shape[1]))),
    }
    if shape[1] <= _ITEMS:
        rest = sparse.csr_array((ratings - mean - b[users] - c[items], (users, items)), shape=shape)
        found["item neighbors"] = _neighbors(rest, mean, b, c)
    return found


def damped_biases(
    users: np.ndarray, items: np.ndarray, rest: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Damped means of items, then of users on what remains. Source: Koren, "Factor in the Neighbors", 2010."""
    c = np.bincount(items, rest, shape[1]) / (np.bincount(items, minlength=shape[1]) + DAMPING)
    b = np.bincount(users, rest - c[items], shape[0]) / (np.bincount(users, minlength=shape[0]) + DAMPING)
    return b, c


def _neighbors(rest: sparse.csr_array, mean: float, b: np.ndarray, c: np.ndarray) -> Baseline:
    """Adds the weighted mean of what remains of the user's ratings of the most similar items."""
    seen = rest.copy()
    seen.data = np.ones_like(seen.data)
    common = (seen.T @ seen).toarray()
    similar = (rest.T @ rest).toarray()
    norms = np.sqrt(np.maximum(similar.diagonal(), 1e-12))
    similar *= common / (common + _SHRINKAGE) / norms / norms[:, None]
    np.fill_diagonal(similar, 0.0)
    similar[similar < 0] = 0.0
    if similar.shape[0] > _NEIGHBORS:
        least = np.partition(similar, -_NEIGHBORS, axis=1)[:, -_NEIGHBORS]
        similar[similar < least[:, None]] = 0.0
    weights = sparse.csr_array(similar.T)

    def score(users: np.ndarray) -> np.ndarray:
        total = (rest[users] @ weights).toarray()
        weight = (seen[users] @ weights).toarray()
        return mean + b[users, None] + c + total / (weight + _DAMPING)

    def predict(users: np.ndarray, items: np.ndarray) -> np.ndarray:
        values = np.empty(len(users))
        distinct, places = np.unique(users, return_inverse=True)
        order = places.argsort(kind="stable")
        for part in np.array_split(np.arange(len(distinct)), max(len(distinct) // 256, 1)):
            rows = order[np.searchsorted(places[order], part[0]) : np.searchsorted(places[order], part[-1], "right")]
            values[rows] = score(distinct[part])[places[rows] - part[0], items[rows]]
        return values

    return Baseline(predict, score)


def _scorer(score: Callable[[np.ndarray], np.ndarray]) -> Callable[[Tensor], Tensor]:
    return lambda users: torch.from_numpy(np.ascontiguousarray(score(users.numpy())))
