import math

import pytest
import torch
from torch.nn import functional as F

from zoo.tasks.embedding.collapse import collapse_signs, spread


def test_spread_of_random_and_equal_directions():
    torch.manual_seed(0)
    assert spread(F.normalize(torch.randn(2000, 128), dim=1)) == pytest.approx(1, abs=0.01)
    assert spread(torch.ones(10, 4)) == 0
    one = F.normalize(torch.randn(1, 128), dim=1)
    narrow = F.normalize(one + 0.0028 * torch.randn(500, 128), dim=1)
    assert spread(narrow) == pytest.approx(0.0028 * 128**0.5, rel=0.05)


def test_a_healthy_embedding_gives_no_sign():
    assert collapse_signs(0.9, 1.0, 0.2, 0.2) == []
    assert collapse_signs(0.9, 0.3, 0.1, 0.2) == []


def test_a_collapsed_embedding_is_named():
    assert collapse_signs(0.03, 0.99, 0.201, 0.2) == [
        "embedding spread 0.0300, where 1 is healthy",
        "loss 0.2010 at the margin 0.2",
        "99% of the triplets active",
    ]
    assert collapse_signs(0.03, 0.5, 0.7, None) == ["embedding spread 0.0300, where 1 is healthy"]


def test_embeddings_that_are_not_finite_are_named():
    assert "no longer finite" in collapse_signs(math.nan, 0.0, 0.0, 0.2)[0]
