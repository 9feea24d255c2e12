"""What a threshold rests on: the held-out identities behind it, and how often it names a stranger."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from zoo.ops.identities import groups_of, sample_rows
from zoo.tasks.embedding.metrics import Distances

_PROBES = 2_000  # images at most, whose distances to all held-out identities are counted


def evidence(
    samples: Sequence[tuple[Float[Tensor, "n d"], Int[Tensor, " n"], Distances]], threshold: float, target_far: float
) -> dict[str, Any]:
    """Plain values that describe a threshold, from the held-out images of each fold and its distances.

    `strangers` counts images by (accepted, others): each is compared with the mean vectors of the other identities.
    """
    strangers: Counter[tuple[int, int]] = Counter()
    for vectors, identities, distances in samples:
        strangers.update(_accepted_by_others(vectors, identities, distances, threshold))
    return {
        "target_far": target_far,
        "identities": sum(len(identities.unique()) for _, identities, _ in samples),
        "identity_pairs": sum(_identity_pairs(identities) for _, identities, _ in samples),
        "folds": len(samples),
        "strangers": [[*key, count] for key, count in sorted(strangers.items())],
    }


def pairs_needed(target_far: float) -> int:
    """The least number of identity pairs: of fewer, most samples would have no accepted pair at all.

    >>> pairs_needed(0.01)
    50
    """
    return math.ceil(0.5 / target_far - 1e-9)


def is_supported(found: Mapping[str, Any]) -> bool:
    """Whether there are enough identity pairs for the requested false-accept rate."""
    return bool(found["identity_pairs"] >= pairs_needed(found["target_far"]))


def false_alarm_rate(found: Mapping[str, Any], people: int) -> float | None:
    """The share of images of strangers for whom at least one of `people` is within the threshold.

    Each held-out image is a stranger to the other identities, from which galleries of `people` are drawn. None if
    there are fewer others than that, or no images.
    """
    strangers = found["strangers"]
    if not strangers or people > min(others for _, others, _ in strangers):
        return None
    named = sum(
        count * (1 - math.comb(others - accepted, people) / math.comb(others, people))
        for accepted, others, count in strangers
    )
    return float(named / sum(count for _, _, count in strangers))


def describe(found: Mapping[str, Any]) -> str:
    """The origin of a threshold in words, with a warning if its data cannot support it."""
    pairs, folds = found["identity_pairs"], found["folds"]
    text = (
        f"a false-accept rate of {found['target_far']} on {pairs:,} pair{'s' if pairs != 1 else ''} of "
        f"{found['identities']:,} held-out identities{f', in {folds} folds' if folds > 1 else ''}"
    )
    if is_supported(found):
        return text
    return (
        f"{text}: too few, since that rate needs at least {pairs_needed(found['target_far'])} pairs; on new people it "
        f"may be many times as high: train with +model.threshold_folds=5, or give a threshold from your own images"
    )


def caution(found: Mapping[str, Any] | None, requested: object) -> list[str]:
    """A line that warns of a threshold of the model whose data cannot support it; none for a requested one."""
    if requested is not None or found is None or is_supported(found):
        return []
    return [f"warning: the threshold of this model was chosen for {describe(found)}"]


def in_gallery(found: Mapping[str, Any] | None, requested: object, people: int) -> str:
    """The false-alarm rate of identification in a gallery of so many people, in words."""
    size = f"in a gallery of {people} {'people' if people != 1 else 'person'}"
    rate = None if requested is not None or found is None else false_alarm_rate(found, people)
    if found is None or rate is None:
        return f"{size}, the share of strangers that this threshold names is unknown: measure it on your own images"
    return (
        f"{size}, this threshold names about {rate:.1%} of the images of strangers, "
        f"measured on {found['identities']} held-out identities"
    )


def _accepted_by_others(
    vectors: Float[Tensor, "n d"], identities: Int[Tensor, " n"], distances: Distances, threshold: float
) -> Counter[tuple[int, int]]:
    known, index = identities.unique(return_inverse=True)
    if len(known) < 2:
        return Counter()
    means = F.normalize(torch.zeros(len(known), vectors.shape[1]).index_add_(0, index, vectors), dim=1)
    rows = sample_rows(identities, _PROBES, min_per_identity=1)
    accepted = distances(vectors[rows], means) <= threshold
    accepted[torch.arange(len(rows)), index[rows]] = False
    return Counter((count, len(known) - 1) for count in accepted.sum(1).tolist())


def _identity_pairs(identities: Int[Tensor, " n"]) -> int:
    counts = groups_of(identities.unique()).unique(return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())
