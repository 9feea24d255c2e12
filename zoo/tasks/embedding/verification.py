"""Metrics of verification: the ROC curve and metrics derived from it.

`distances` are the distances of the pairs; `same` is true for pairs of one identity. A pair is accepted if its distance
is at most the threshold. FAR (false-accept rate): accepted share of the different pairs. TAR (true-accept rate):
accepted share of the same pairs.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Roc(NamedTuple):
    """One point per distinct distance, in rising order, after a first point that accepts nothing."""

    thresholds: Float[Tensor, " p"]
    far: Float[Tensor, " p"]
    tar: Float[Tensor, " p"]


class Errors(NamedTuple):
    """Accuracy and rates at one threshold."""

    accuracy: float
    far: float
    tar: float


def roc(distances: Float[Tensor, " n"], same: Bool[Tensor, " n"], weights: Tensor | None = None) -> Roc:
    """The curve in float64; `weights` are counts of the pairs. Without same (different) pairs TAR (FAR) is NaN."""
    order = distances.argsort()
    distances, same = distances[order].double(), same[order]
    counts = torch.ones_like(distances) if weights is None else weights[order].double()
    last = torch.ones_like(same)  # ends of runs of equal distances, which no threshold can separate
    last[:-1] = distances[1:] != distances[:-1]
    accepted_same = (counts * same).cumsum(0)[last]
    accepted_different = (counts * ~same).cumsum(0)[last]
    zero = distances.new_zeros(1)
    tar = torch.cat([zero, accepted_same]) / (counts * same).sum()
    far = torch.cat([zero, accepted_different]) / (counts * ~same).sum()
    return Roc(torch.cat([zero - torch.inf, distances[last]]), far, tar)


def auc(curve: Roc) -> float:
    """Area under the curve: the probability that a same pair is closer than a different one; ties count half."""
    return float(torch.trapezoid(curve.tar, curve.far))


def equal_error_rate(curve: Roc) -> float:
    """The rate at which FAR equals 1 - TAR, interpolated between the two points around it."""
    gap = curve.far - (1 - curve.tar)  # rises from -1 to 1
    if gap.isnan().any():
        return float("nan")
    above = int((gap >= 0).nonzero()[0])
    below = above - 1
    part = gap[below] / (gap[below] - gap[above])
    return float(curve.far[below] + part * (curve.far[above] - curve.far[below]))


def tar_at_far(curve: Roc, far: float) -> float:
    """The highest TAR at a FAR of at most `far`; NaN without different pairs.

    Reliable from about 10 / `far` different pairs on.
    """
    index = _last_within(curve, far)
    return float("nan") if index is None else float(curve.tar[index])


def threshold_at_far(curve: Roc, far: float) -> float:
    """The threshold with a FAR of at most `far`, halfway to the next distance; NaN without different pairs."""
    index = _last_within(curve, far)
    return float("nan") if index is None else _after(curve, index)


def errors_at(distances: Float[Tensor, " n"], same: Bool[Tensor, " n"], threshold: float) -> Errors:
    """Accuracy, FAR and TAR at a threshold."""
    accepted = distances <= threshold
    return Errors(
        accuracy=float((accepted == same).double().mean()),
        far=float(accepted[~same].double().mean()),
        tar=float(accepted[same].double().mean()),
    )


def best_threshold(distances: Float[Tensor, " n"], same: Bool[Tensor, " n"]) -> float:
    """The threshold with the highest accuracy on these pairs, halfway to the next distance."""
    curve = roc(distances, same)
    correct = curve.tar.nan_to_num() * same.sum() + (1 - curve.far.nan_to_num()) * (~same).sum()
    return _after(curve, int(correct.argmax()))


class FoldedAccuracy(NamedTuple):
    """Accuracy over folds, each at the best threshold of the other folds."""

    mean: float
    standard_error: float
    thresholds: list[float]


def folded_accuracy(
    distances: Float[Tensor, " n"], same: Bool[Tensor, " n"], folds: Int[Tensor, " n"]
) -> FoldedAccuracy:
    """Cross-validated accuracy, as in view 2 of Labeled Faces in the Wild (Huang et al., 2007)."""
    accuracies, thresholds = [], []
    for fold in folds.unique().tolist():
        inside = folds == fold
        thresholds.append(best_threshold(distances[~inside], same[~inside]))
        accuracies.append(errors_at(distances[inside], same[inside], thresholds[-1]).accuracy)
    values = torch.tensor(accuracies, dtype=torch.float64)
    error = float(values.std() / len(values) ** 0.5) if len(values) > 1 else float("nan")
    return FoldedAccuracy(float(values.mean()), error, thresholds)


def ten_folds(same: Bool[Tensor, " n"], per_fold: int = 300) -> tuple[Int[Tensor, " p"], Int[Tensor, " p"]]:
    """Rows and fold numbers of at most `per_fold` same and as many different pairs per fold, in order.

    Gives the published folds for the 6,000 pairs of Labeled Faces in the Wild, and an even sample for other pairs.
    """
    kinds = [same.nonzero().squeeze(1), (~same).nonzero().squeeze(1)]
    each = min(10 * per_fold, *(len(rows) // 10 * 10 for rows in kinds))
    places = torch.arange(each, device=same.device)
    rows = torch.cat([kind[places * len(kind) // max(each, 1)] for kind in kinds])
    return rows, (places * 10 // max(each, 1)).repeat(2)


def _last_within(curve: Roc, far: float) -> int | None:
    """The last point with a FAR of at most `far`; None if the FAR is NaN."""
    within = int((curve.far <= far).sum())
    return within - 1 if within else None


def _after(curve: Roc, index: int) -> float:
    """A threshold that accepts the same pairs as point `index`, halfway to the next distance.

    The result is rounded to float32, in which it is stored and compared, and stays below the next distance.
    """
    here, *following = curve.thresholds[index : index + 2]
    if not following:
        return float(here)
    there = following[0].float()
    between = (there - 1e-6 if here.isinf() else (here + following[0]) / 2).float()
    return float(between if between < there else there.nextafter(there - torch.inf))
