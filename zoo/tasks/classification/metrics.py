"""Metrics of the report of a classifier, as functions of probabilities and labels."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class ClassScores(NamedTuple):
    """Precision, recall, F1 and support of each class; NaN without predictions or images of the class."""

    precision: Float[np.ndarray, " k"]
    recall: Float[np.ndarray, " k"]
    f1: Float[np.ndarray, " k"]
    support: Int[np.ndarray, " k"]


class CalibrationBins(NamedTuple):
    """Predictions in confidence bins of equal width; the means of empty bins are 0."""

    edges: Float[np.ndarray, " bins_and_1"]
    confidence: Float[np.ndarray, " bins"]
    accuracy: Float[np.ndarray, " bins"]
    images: Int[np.ndarray, " bins"]

    def expected_error(self) -> float:
        """Expected calibration error (Guo et al., 2017, arXiv:1706.04599): mean of |accuracy - confidence|."""
        share = self.images / max(self.images.sum(), 1)
        return float((share * np.abs(self.accuracy - self.confidence)).sum())


def confusion_matrix(probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> Int[np.ndarray, "k k"]:
    """Counts images by true class (row) and predicted class (column)."""
    classes = probabilities.shape[1]
    cells = labels * classes + probabilities.argmax(1)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def class_scores(matrix: Int[np.ndarray, "k k"]) -> ClassScores:
    """Computes the scores of each class from a confusion matrix."""
    correct = np.diag(matrix).astype(float)
    predicted, support = matrix.sum(0), matrix.sum(1)
    with np.errstate(invalid="ignore"):
        return ClassScores(correct / predicted, correct / support, 2 * correct / (predicted + support), support)


def calibration(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], bins: int = 15
) -> CalibrationBins:
    """Sorts predictions into confidence bins; each bin includes its right edge."""
    confidence = probabilities.max(1).astype(float)
    correct = (probabilities.argmax(1) == labels).astype(float)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    safe = np.maximum(count, 1)
    return CalibrationBins(
        edges,
        np.bincount(place, confidence, minlength=bins) / safe,
        np.bincount(place, correct, minlength=bins) / safe,
        count,
    )


def confident_mistakes(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], most: int
) -> Int[np.ndarray, " m"]:
    """Returns the misclassified images with the highest confidence, most confident first."""
    wrong = np.flatnonzero(probabilities.argmax(1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(1), kind="stable")][:most]


def confused_pairs(matrix: Int[np.ndarray, "k k"], most: int) -> list[tuple[int, int, int]]:
    """Returns the most frequent confusions as (true class, predicted class, images)."""
    errors = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-errors, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, errors.shape)
    return [(int(r), int(c), int(errors[r, c])) for r, c in zip(rows, columns, strict=True) if errors[r, c]]
