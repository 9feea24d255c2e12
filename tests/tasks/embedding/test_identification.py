import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from zoo.tasks.embedding.identification import (
    candidates,
    detection_and_identification_rate,
    episode_accuracy,
    one_shot,
    rank_k,
)


def faces(people=6, each=5, noise=0.7):
    torch.manual_seed(0)
    identities = torch.arange(people).repeat_interleave(each)
    return torch.randn(people, 4, dtype=torch.float64)[identities] + noise * torch.randn(people * each, 4), identities


def test_rank_one_equals_nearest_neighbor():
    vectors, identities = faces()
    gallery, probes = torch.arange(0, 30, 2), torch.arange(1, 30, 2)
    found = candidates(torch.cdist(vectors[probes], vectors[gallery]), identities[gallery], 6)
    neighbors = KNeighborsClassifier(1).fit(vectors[gallery].numpy(), identities[gallery].numpy())
    assert rank_k(found, identities[probes], 1) == neighbors.score(vectors[probes].numpy(), identities[probes].numpy())
    assert rank_k(found, identities[probes], 6) == 1
    assert (found.distances.diff(dim=1) >= 0).all()


def test_open_set_by_hand():
    gallery = torch.tensor([0, 1])
    probes = torch.tensor([0, 0, 1, 8, 8, 9, 9])
    distances = torch.tensor([[0.1, 0.9], [0.6, 0.9], [0.2, 0.3], [0.5, 0.7], [0.8, 0.9], [0.9, 0.8], [0.7, 0.75]])
    found = candidates(distances, gallery, 1)
    # No false alarm allowed: the closest stranger stands at 0.5, so 0.6 is rejected.
    assert detection_and_identification_rate(found, probes, gallery, 0.0) == pytest.approx(1 / 3)
    # One of the four may pass: the threshold becomes 0.7.
    assert detection_and_identification_rate(found, probes, gallery, 0.25) == pytest.approx(2 / 3)
    assert detection_and_identification_rate(found, probes, gallery, 1.0) == pytest.approx(2 / 3)


def test_one_shot_equals_loops():
    vectors, identities = faces()
    distances = torch.cdist(vectors, vectors)
    found = one_shot(distances, identities, draws=5)
    right = []
    for draw in range(5):
        gallery = [5 * person + draw for person in range(6)]
        right.append(
            np.mean([min(gallery, key=lambda g: distances[p, g]) // 5 == p // 5 for p in range(30) if p not in gallery])
        )
    assert found.rank1 == pytest.approx(np.mean(right))
    assert found.rank1 <= found.rank5 <= 1
    assert 0 < found.dir_at_far_1 <= 1


def test_one_shot_of_perfect_distances():
    identities = torch.arange(4).repeat_interleave(3)
    distances = (identities[:, None] != identities[None]).double()
    assert one_shot(distances, identities) == (1, 1, 1)


def test_episodes_compare_within_their_group_only():
    # Two groups of two identities; the first row of each is enrolled.
    identities = torch.tensor([0, 1, 2, 3, 0, 1, 2, 3])
    groups = torch.tensor([0, 0, 1, 1, 0, 0, 1, 1])
    points = torch.tensor([0.0, 10, 0.1, 10.1, 1, 9, 9, 8])  # row 4 is closest to row 2, of another group; row 6 errs
    distances = (points[:, None] - points[None]).abs()
    assert episode_accuracy(distances, identities, groups) == 0.75
