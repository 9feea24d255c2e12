import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch.nn import functional as F

from zoo.ops import search
from zoo.ops.search import nearest


def unit(count, size=16):
    return F.normalize(torch.randn(count, size), dim=1)


@pytest.mark.parametrize("block", [7, 2**18])
def test_equals_scikit_learn(block, monkeypatch):
    monkeypatch.setattr(search, "BLOCK", block)
    torch.manual_seed(0)
    vectors, probes = unit(100), unit(9)
    found = nearest(probes, vectors, 5)
    distances, rows = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(vectors).kneighbors(probes)
    assert torch.equal(found.rows, torch.from_numpy(rows))
    torch.testing.assert_close(found.distances.double(), torch.from_numpy(distances).square(), rtol=1e-4, atol=1e-6)


def test_fewer_vectors_than_requested():
    found = nearest(unit(2), unit(3), 10)
    assert found.rows.shape == (2, 3)
    assert nearest(unit(0), unit(3), 2).rows.shape == (0, 2)
