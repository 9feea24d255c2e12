import pytest
import torch

from zoo.data import sampling
from zoo.data.sampling import IndexBatches, numbered_seed


def batches(count=10, size=3, **settings):
    settings = {"shuffle": False, "seed": 0} | settings
    return [batch.tolist() for batch in IndexBatches(count, size, **settings)]


def test_unshuffled_batches_are_in_order_and_complete():
    assert batches() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]


def test_shuffled_batches_are_full_without_repetition():
    found = batches(shuffle=True)
    assert [len(batch) for batch in found] == [3, 3, 3]
    assert len({index for batch in found for index in batch}) == 9


def test_fewer_samples_than_a_batch():
    assert sorted(batches(count=2, shuffle=True)[0]) == [0, 1]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 100])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_len_is_the_number_of_batches(shuffle, count, world):
    for rank in range(world):
        sampler = IndexBatches(count, 4, shuffle=shuffle, seed=1, rank=rank, world_size=world)
        assert len(list(sampler)) == len(sampler)


def test_the_order_depends_on_seed_and_epoch_alone():
    sampler = IndexBatches(50, 50, shuffle=True, seed=3)
    (first,) = sampler
    (again,) = sampler
    sampler.set_epoch(1)
    (second,) = sampler
    (other,) = IndexBatches(50, 50, shuffle=True, seed=4)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("count", [1, 2, 7, 101])
def test_processes_evaluate_every_sample_once(count):
    shares = [batches(count, 3, rank=rank, world_size=2) for rank in range(2)]
    flat = [index for share in shares for batch in share for index in batch]
    assert flat == list(range(count))


def test_processes_train_on_different_samples_in_equal_steps():
    shares = [batches(11, 2, shuffle=True, rank=rank, world_size=2) for rank in range(2)]
    assert len(shares[0]) == len(shares[1])
    sets = [{index for batch in share for index in batch} for share in shares]
    assert not sets[0] & sets[1]


def test_seeds_of_epochs_differ():
    assert len({numbered_seed(seed, epoch) for seed in range(30) for epoch in range(100)}) == 3000


def test_a_long_order_is_computed_on_demand(monkeypatch):
    monkeypatch.setattr(sampling, "_STORED", 100)
    monkeypatch.setattr(sampling, "_BLOCK", 64)
    shares = [batches(1000, 7, shuffle=True, rank=rank, world_size=2) for rank in range(2)]
    assert {len(batch) for share in shares for batch in share} == {7}
    flat = [index for share in shares for batch in share for index in batch]
    assert len(set(flat)) == len(flat) == 2 * 71 * 7
    assert flat != sorted(flat)
    assert batches(1000, 7, shuffle=True, seed=1) != batches(1000, 7, shuffle=True, seed=0)


@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_are_slices_of_one_permutation(shuffle):
    order = torch.randperm(100, generator=torch.Generator().manual_seed(numbered_seed(0, 0)))
    expected = order if shuffle else torch.arange(100)
    assert batches(100, 10, shuffle=shuffle) == [part.tolist() for part in expected.split(10)]
