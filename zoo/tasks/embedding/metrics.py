"""Metrics of a set of embeddings: verification and recognition."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zoo.ops.identities import groups_of, sample_rows
from zoo.tasks.embedding.identification import episode_accuracy, one_shot
from zoo.tasks.embedding.pairs import Pairs, all_pairs
from zoo.tasks.embedding.verification import (
    auc,
    equal_error_rate,
    errors_at,
    folded_accuracy,
    roc,
    tar_at_far,
    ten_folds,
)

PAIR_LIMIT = 500_000
"""Maximum number of compared pairs of the same identity, and of different ones."""
RECOGNITION_LIMIT = 4_000
"""Maximum number of images for recognition metrics."""
FARS = (0.1, 0.01, 0.001)
_RANKED = 5  # among so few identities everybody is within the first five

Distances = Callable[[Tensor, Tensor], Tensor]
"""Maps vectors [n d] and [m d] to distances [n m]."""


def compared_pairs(identities: Int[Tensor, " n"]) -> Pairs:
    """The pairs for verification metrics."""
    return all_pairs(identities, groups_of(identities), PAIR_LIMIT)


def pair_distances(vectors: Float[Tensor, "n d"], pairs: Pairs, distances: Distances) -> Float[Tensor, " p"]:
    """The distance of each pair; calls `distances` in blocks of rows, which bounds the memory."""
    found = vectors.new_empty(len(pairs.first))
    order = pairs.first.argsort(stable=True)
    for rows in order.split(max(1, len(order) // max(1, len(vectors) // 256))):
        firsts, index = pairs.first[rows].unique(return_inverse=True)
        for at, part in enumerate(firsts.split(256)):
            inside = (index >= at * 256) & (index < at * 256 + len(part))
            block = distances(vectors[part], vectors)
            found[rows[inside]] = block[index[inside] - at * 256, pairs.second[rows[inside]]].to(found.dtype)
    return found


def verification_metrics(distances: Float[Tensor, " p"], pairs: Pairs) -> dict[str, float]:
    """AUC, EER, TAR at the rates `FARS`, and the accuracy over ten folds with its standard error."""
    curve = roc(distances, pairs.same)
    rates = {f"tar_at_far_{far}": tar_at_far(curve, far) for far in FARS}
    rows, folds = ten_folds(pairs.same)
    folded = folded_accuracy(distances[rows], pairs.same[rows], folds)
    accuracies = {"accuracy_10_folds": folded.mean, "accuracy_10_folds_se": folded.standard_error}
    return {"auc": auc(curve), "eer": equal_error_rate(curve), **rates, **accuracies}


def recognition_metrics(
    vectors: Float[Tensor, "n d"], identities: Int[Tensor, " n"], distances: Distances
) -> dict[str, float]:
    """One-shot recognition over all identities, or within groups if the data has groups; empty for data of pairs."""
    groups = groups_of(identities)
    if int(groups.unique(return_counts=True)[1].max()) <= 2:
        return {}
    if len(groups.unique()) > 1:  # complete groups: fewer identities would make the task easier
        some = slice(RECOGNITION_LIMIT)
        matrix = distances(vectors[some], vectors[some])
        return {"one_shot": episode_accuracy(matrix, identities[some], groups[some])}
    rows = sample_rows(identities, RECOGNITION_LIMIT, min_per_identity=2)
    vectors, identities = vectors[rows], identities[rows]
    matrix = distances(vectors, vectors)
    found = one_shot(matrix, identities)
    rank5 = {"rank5": found.rank5} if len(identities.unique()) > _RANKED else {}
    return {"rank1": found.rank1, **rank5, "dir_at_far_0.01": found.dir_at_far_1}


def embedding_metrics(
    vectors: Float[Tensor, "n d"], identities: Int[Tensor, " n"], distances: Distances, threshold: float | None
) -> dict[str, float]:
    """All metrics, including those at `threshold` if given; leaves out metrics that the data does not define."""
    pairs = compared_pairs(identities)
    values = pair_distances(vectors, pairs, distances)
    figures = verification_metrics(values, pairs) | recognition_metrics(vectors, identities, distances)
    if threshold is not None:
        accuracy, far, tar = errors_at(values, pairs.same, threshold)
        figures |= {"accuracy": accuracy, "far": far, "tar": tar, "threshold": threshold}
    return {name: value for name, value in figures.items() if torch.isfinite(torch.tensor(value))}
