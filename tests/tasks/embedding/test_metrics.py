import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch.nn import functional as F

from zoo.ops.distances import pairwise_squared_distances as squared
from zoo.ops.identities import PER_GROUP
from zoo.tasks.embedding import metrics as embedding
from zoo.tasks.embedding.metrics import compared_pairs, embedding_metrics, pair_distances, recognition_metrics


def people(count=8, each=6, noise=0.3):
    torch.manual_seed(0)
    identities = torch.arange(count).repeat_interleave(each)
    vectors = torch.randn(count, 8)[identities] + noise * torch.randn(count * each, 8)
    return F.normalize(vectors, dim=1), identities


def test_pair_distances_equal_the_matrix_whatever_the_blocks():
    vectors, identities = people(40, 20)
    pairs = compared_pairs(identities)
    shuffled = torch.randperm(len(pairs.first))
    pairs = type(pairs)(*(part[shuffled] for part in pairs))
    found = pair_distances(vectors, pairs, squared)
    torch.testing.assert_close(found, squared(vectors, vectors)[pairs.first, pairs.second])


def test_figures_of_a_set():
    vectors, identities = people()
    figures = embedding_metrics(vectors, identities, squared, 1.0)
    pairs = compared_pairs(identities)
    values = squared(vectors, vectors)[pairs.first, pairs.second]
    assert figures["auc"] == pytest.approx(roc_auc_score(pairs.same, -values))
    assert figures["accuracy"] == pytest.approx(((values <= 1.0) == pairs.same).double().mean())
    assert {"eer", "tar_at_far_0.01", "rank1", "dir_at_far_0.01", "far", "tar", "threshold"} < figures.keys()
    assert "one_shot" not in figures


def test_groups_give_one_shot_accuracy_within_them():
    vectors, identities = people(count=6)
    group = identities // 3
    figures = embedding_metrics(vectors, identities + group * PER_GROUP, squared, None)
    assert figures["one_shot"] == 1
    assert "rank1" not in figures
    assert "threshold" not in figures


def test_figures_that_cannot_be_had_are_left_out():
    vectors, _ = people(count=4, each=1)
    assert "auc" not in embedding_metrics(vectors, torch.arange(4), squared, None)


def test_large_sets_are_thinned(monkeypatch):
    monkeypatch.setattr(embedding, "PAIR_LIMIT", 200)
    monkeypatch.setattr(embedding, "RECOGNITION_LIMIT", 100)
    sizes = []
    vectors, identities = people(20, 20)
    pairs = compared_pairs(identities)
    recognition_metrics(vectors, identities, lambda a, b: sizes.append((len(a), len(b))) or squared(a, b))
    assert [int(pairs.same.sum()), int((~pairs.same).sum())] == [200, 200]
    assert sizes == [(100, 100)]


def test_more_identities_than_recognition_is_measured_on_still_leave_probes(monkeypatch):
    monkeypatch.setattr(embedding, "RECOGNITION_LIMIT", 30)
    vectors, identities = people(40, 3)
    rounds = torch.arange(120).view(40, 3).T.flatten()
    assert {"rank1", "rank5", "dir_at_far_0.01"} <= embedding_metrics(
        vectors[rounds], identities[rounds], squared, None
    ).keys()
