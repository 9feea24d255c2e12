import pytest
import torch
from scipy.stats import chisquare, spearmanr

from zoo.data.permutation import Permutation


@pytest.mark.parametrize("count", [1, 2, 3, 5, 64, 65, 1000, 4097])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_permutation_is_a_bijection(count, seed):
    assert sorted(Permutation(count, seed)(torch.arange(count)).tolist()) == list(range(count))


def test_the_order_depends_on_the_seed_alone():
    positions = torch.arange(100)
    assert torch.equal(Permutation(10**9, 3)(positions), Permutation(10**9, 3)(positions))
    assert torch.equal(Permutation(10**9, 3)(positions[40:]), Permutation(10**9, 3)(positions)[40:])
    assert not torch.equal(Permutation(10**9, 3)(positions), Permutation(10**9, 4)(positions))


def test_the_positions_are_not_changed():
    positions = torch.arange(10)
    Permutation(11, 0)(positions)
    assert torch.equal(positions, torch.arange(10))


def test_neighbors_are_uniform_and_uncorrelated():
    drawn = Permutation(10**8, 0)(torch.arange(100_000))
    assert chisquare(torch.histc(drawn.double(), bins=100, min=0, max=10**8).numpy()).pvalue > 0.001
    assert abs(spearmanr(drawn[:-1].numpy(), drawn[1:].numpy()).statistic) < 0.02
