"""Miners against loops that a reader can check."""

import random

import pytest
import torch

from zoo.ops import triplets as mining
from zoo.ops.triplets import (
    active_triplets,
    batch_hard_triplets,
    positive_pairs,
    semi_hard_triplets,
)


def naive_all(identities):
    n = range(len(identities))
    return [
        (a, p, q)
        for a in n
        for p in n
        if p != a and identities[p] == identities[a]
        for q in n
        if identities[q] != identities[a]
    ]


def naive_batch_hard(distances, identities):
    found = []
    for a in range(len(identities)):
        mine = [t for t in naive_all(identities) if t[0] == a]
        if mine:
            p = max((t[1] for t in mine), key=lambda p: distances[a][p])
            found.append((a, p, min((t[2] for t in mine), key=lambda q: distances[a][q])))
    return found


def naive_semi_hard(distances, identities, margin, hardness):
    best = {}
    for a, p, q in naive_all(identities):
        low, value = (1 - hardness) * distances[a][p], distances[a][q]
        inside = (hardness == 1 or value > low) and value < distances[a][p] + margin
        if inside and ((a, p) not in best or value < distances[a][best[a, p]]):
            best[a, p] = q
    return [(a, p, q) for (a, p), q in best.items()]


def rows(triplets):
    return sorted(zip(*(part.tolist() for part in triplets), strict=True))


def random_batch(seed):
    """Distances without ties, and identities that are often alone or all the same."""
    generator = torch.Generator().manual_seed(seed)
    n = int(torch.randint(0, 9, (), generator=generator))
    kinds = int(torch.randint(1, 6, (), generator=generator))
    distances = torch.rand(n, n, generator=generator, dtype=torch.float64)
    distances = (distances + distances.T).fill_diagonal_(0)
    return distances, torch.randint(0, kinds, (n,), generator=generator)


def test_miners_equal_naive_loops_on_thousands_of_batches():
    without_triplet = 0
    for seed in range(2000):
        distances, identities = random_batch(seed)
        d, ids = distances.tolist(), identities.tolist()
        margin = random.Random(seed).choice([0.05, 0.2, 1.0])
        hardness = random.Random(seed + 1).choice([0.0, 0.3, 0.9, 1.0])
        assert rows(batch_hard_triplets(distances, identities)) == sorted(naive_batch_hard(d, ids))
        found = rows(semi_hard_triplets(distances, identities, margin, hardness))
        assert found == sorted(naive_semi_hard(d, ids, margin, hardness))
        violating = [(a, p, q) for a, p, q in naive_all(ids) if d[a][q] < d[a][p] + margin]
        weights, active, total = active_triplets(distances, identities, margin)
        assert (int(active), int(total)) == (len(violating), len(naive_all(ids)))
        expected = torch.zeros_like(distances)
        for a, p, q in violating:
            expected[a, p] += 1
            expected[a, q] -= 1
        assert torch.equal(weights, expected)
        without_triplet += not naive_all(ids)
    assert without_triplet > 100


def test_chunks_give_the_same_triplets(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(40, 4, generator=generator)
    identities = torch.arange(40) % 7
    distances = torch.cdist(vectors, vectors)
    expected = rows(semi_hard_triplets(distances, identities, 1.0)), active_triplets(distances, identities, 1.0)
    monkeypatch.setattr(mining, "CHUNK_ELEMENTS", 100)
    assert rows(semi_hard_triplets(distances, identities, 1.0)) == expected[0]
    assert torch.equal(active_triplets(distances, identities, 1.0).weights, expected[1].weights)


def test_semi_hard_equals_pytorch_metric_learning():
    """All of its semi-hard triplets, reduced to the closest negative of each pair, are ours."""
    miners = pytest.importorskip("pytorch_metric_learning.miners")
    torch.manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn(30, 4), dim=1)
    identities = torch.arange(30) % 6
    distances = torch.cdist(vectors, vectors)
    theirs = rows(miners.TripletMarginMiner(margin=0.3, type_of_triplets="semihard")(vectors, identities))
    best = {}
    for a, p, q in theirs:
        best[a, p] = min(q, best.get((a, p), q), key=lambda q: distances[a, q])
    assert rows(semi_hard_triplets(distances, identities, 0.3)) == sorted((a, p, q) for (a, p), q in best.items())


def test_positive_pairs_are_ordered_and_never_a_row_with_itself():
    assert positive_pairs(torch.tensor([3, 5, 3])).tolist() == [[0, 2], [2, 0]]
