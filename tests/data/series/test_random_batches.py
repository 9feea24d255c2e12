import pytest
import torch

from zoo.data.series.windows import RandomBatches
from zoo.errors import ZooError


def test_processes_share_an_epoch_and_draw_separately():
    first, second = (RandomBatches(10**6, 4, per_epoch=24, seed=0, rank=rank, world_size=2) for rank in (0, 1))
    assert len(first) == len(second) == 3
    ours, theirs = torch.cat(list(first)), torch.cat(list(second))
    assert ours.shape == theirs.shape == (12,)
    assert not torch.isin(ours, theirs).any()


def test_a_process_draws_the_same_again_and_other_indices_in_the_next_epoch():
    batches = RandomBatches(10**6, 4, per_epoch=8, seed=0)
    first = torch.cat(list(batches))
    assert torch.equal(first, torch.cat(list(batches)))
    batches.set_epoch(1)
    assert not torch.isin(first, torch.cat(list(batches))).any()


def test_every_process_needs_a_full_batch():
    assert len(RandomBatches(100, 4, per_epoch=8, seed=0, world_size=2)) == 1
    with pytest.raises(ZooError, match=r"`data.batch_size` \(=5\) must lie in 1 … 4, the windows of an epoch"):
        RandomBatches(100, 5, per_epoch=8, seed=0, world_size=2)
    with pytest.raises(ZooError, match=r"`data.batch_size` \(=0\) must lie in 1 … 8"):
        RandomBatches(100, 0, per_epoch=8, seed=0)
