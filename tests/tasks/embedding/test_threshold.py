"""What a threshold rests on: identity pairs, folds, and strangers that it names."""

import math
from itertools import combinations

import pytest
import torch
from torch.nn import functional as F

from zoo.data.identities.base import Identities, held_out
from zoo.errors import ZooError
from zoo.ops.distances import pairwise_squared_distances
from zoo.run.create import create_model
from zoo.tasks.embedding.threshold import caution, describe, evidence, false_alarm_rate, in_gallery, pairs_needed


def people(count: int, pictures: int = 4, noise: float = 0.1, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    identities = torch.arange(count).repeat(pictures)
    centers = torch.randn(count, 8, generator=generator)[identities]
    return F.normalize(centers + noise * torch.randn(len(identities), 8, generator=generator), dim=1), identities


def test_two_validation_people_cannot_support_one_percent():
    found = evidence([(*people(2), pairwise_squared_distances)], 0.5, 0.01)
    assert (found["identities"], found["identity_pairs"]) == (2, 1)
    (line,) = caution(found, None)
    assert "a false-accept rate of 0.01 on 1 pair of 2 held-out identities: too few, since that rate needs" in line
    assert caution(found, 0.3) == []  # a threshold of one's own
    enough = evidence([(*people(11), pairwise_squared_distances)], 0.5, 0.01)
    assert enough["identity_pairs"] == 55 >= pairs_needed(0.01)
    assert describe(enough) == "a false-accept rate of 0.01 on 55 pairs of 11 held-out identities"


def test_the_false_alarm_rate_of_a_gallery_is_that_of_the_held_out_strangers():
    vectors, identities = people(6, noise=0.3)
    threshold = 1.0
    found = evidence([(vectors, identities, pairwise_squared_distances)], threshold, 0.01)
    means = F.normalize(torch.stack([vectors[identities == person].sum(0) for person in range(6)]), dim=1)
    accepted = pairwise_squared_distances(vectors, means) <= threshold
    accepted[torch.arange(24), identities] = False
    others = [[bool(row[i]) for i in range(6) if i != int(own)] for row, own in zip(accepted, identities, strict=True)]
    for size in range(1, 6):
        galleries = [any(gallery) for row in others for gallery in combinations(row, size)]
        assert false_alarm_rate(found, size) == pytest.approx(sum(galleries) / len(galleries), abs=1e-9)
    assert false_alarm_rate(found, 6) is None, "5 others make no gallery of 6"
    assert "is unknown: measure it" in in_gallery(found, None, 6)
    assert f"this threshold names about {false_alarm_rate(found, 3):.1%} of" in in_gallery(found, None, 3)
    assert in_gallery(found, 0.3, 1).startswith("in a gallery of 1 person, the share of strangers that this threshold")


def test_folds_hold_each_identity_out_once():
    part = {
        split: Identities(images=torch.full((2 * count, 1, 4, 4), start).byte(), numbers=numbers, names=names)
        for split, count, start, numbers, names in (
            ("train", 3, 0, torch.tensor([0, 1, 2]).repeat(2), ["a", "b", "c"]),
            ("val", 2, 1, torch.tensor([0, 1]).repeat(2), ["d", "e"]),
        )
    }
    folds = [held_out(part, number, 2, 0) for number in range(2)]
    assert sorted(name for fold in folds for name in fold["val"].names) == ["a", "b", "c", "d", "e"]
    for fold in folds:
        assert not set(fold["train"].names) & set(fold["val"].names)
        assert len(fold["train"].images) + len(fold["val"].images) == 10
        assert len(fold["val"].numbers.unique()) == len(fold["val"].names)
    with pytest.raises(ZooError, match="3 folds of 5 identities"):
        held_out(part, 0, 3, 0)


def test_the_mean_threshold_of_the_folds_is_kept():
    task, *folds = (create_model("siamese", in_channels=1) for _ in range(3))
    for fold, threshold in zip(folds, (0.2, 0.4), strict=True):
        fold.threshold.fill_(threshold)
        vectors, identities = people(6)
        fold.vectors.update(vectors)
        fold.identities.update(identities)
    task.calibrate(folds)
    assert task.threshold.item() == pytest.approx(0.3)
    assert (task.card["threshold"]["folds"], task.card["threshold"]["identity_pairs"]) == (2, 2 * math.comb(6, 2))
    resumed = create_model("siamese", in_channels=1)
    resumed.on_load_checkpoint({"zoo": {"card": task.card}})
    resumed.threshold.fill_(0.3)
    resumed.vectors.update(vectors)
    resumed.identities.update(identities)
    resumed.val_metrics["loss"].update(torch.tensor(0.0), 1)
    resumed.log_dict = lambda *_, **__: None
    resumed.on_validation_epoch_end()
    assert resumed.threshold.item() == pytest.approx(0.3)
