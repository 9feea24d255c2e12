"""What a report of a classifier counts, from probabilities and labels alone."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class ClassScores(NamedTuple):
    """Precision, recall and F1 of every class, NaN where nothing was predicted or nothing is there."""

    precision: Float[np.ndarray, " k"]
    recall: Float[np.ndarray, " k"]
    f1: Float[np.ndarray, " k"]
    support: Int[np.ndarray, " k"]


class CalibrationBins(NamedTuple):
    """Predictions by their confidence, in bins of equal width; means are 0 in empty bins."""

    edges: Float[np.ndarray, " bins_and_1"]
    confidence: Float[np.ndarray, " bins"]
    accuracy: Float[np.ndarray, " bins"]
    images: Int[np.ndarray, " bins"]

    def expected_error(self) -> float:
        """Expected calibration error (Guo et al., 2017, arXiv:1706.04599): mean of |accuracy - confidence|."""
        share = self.images / max(self.images.sum(), 1)
        return float((share * np.abs(self.accuracy - self.confidence)).sum())


def confusion_matrix(probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> Int[np.ndarray, "k k"]:
    """Count the images of each true class (row) by predicted class (column)."""
    classes = probabilities.shape[1]
    cells = labels * classes + probabilities.argmax(1)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def class_scores(matrix: Int[np.ndarray, "k k"]) -> ClassScores:
    """Score every class of a confusion matrix."""
    right = np.diag(matrix).astype(float)
    predicted, support = matrix.sum(0), matrix.sum(1)
    with np.errstate(invalid="ignore"):
        return ClassScores(right / predicted, right / support, 2 * right / (predicted + support), support)


def calibration(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], bins: int = 15
) -> CalibrationBins:
    """Sort predictions into bins of confidence, the right edge included."""
    confidence = probabilities.max(1).astype(float)
    right = (probabilities.argmax(1) == labels).astype(float)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    safe = np.maximum(count, 1)
    return CalibrationBins(
        edges,
        np.bincount(place, confidence, minlength=bins) / safe,
        np.bincount(place, right, minlength=bins) / safe,
        count,
    )


def confident_mistakes(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], most: int
) -> Int[np.ndarray, " m"]:
    """Find the images that were taken for another class with the highest confidence, the worst first."""
    wrong = np.flatnonzero(probabilities.argmax(1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(1), kind="stable")][:most]


def confused_pairs(matrix: Int[np.ndarray, "k k"], most: int) -> list[tuple[int, int, int]]:
    """Find the pairs (true class, predicted class, images) that are confused most often."""
    errors = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-errors, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, errors.shape)
    return [(int(r), int(c), int(errors[r, c])) for r, c in zip(rows, columns, strict=True) if errors[r, c]]
