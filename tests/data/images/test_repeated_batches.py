"""Batches with copies of their images."""

import torch

from zoo.data.images.repeated_batches import RepeatedBatches
from zoo.data.sampling import IndexBatches


def test_each_batch_has_copies_of_its_first_images_and_processes_have_others():
    seen = []
    for rank in range(2):
        usual = IndexBatches(40, 7, shuffle=True, seed=3, rank=rank, world_size=2)
        repeated = RepeatedBatches.like(usual, 3)
        assert len(repeated) == len(usual) == 2
        for batch, distinct in zip(repeated, usual, strict=True):
            assert len(batch) == 7
            assert torch.equal(batch, distinct[[0, 0, 0, 1, 1, 1, 2]])
            seen += batch.unique().tolist()
    assert len(seen) == len(set(seen)) == 12


def test_the_next_epoch_draws_others():
    batches = RepeatedBatches.like(IndexBatches(40, 6, shuffle=True, seed=0), 2)
    first = torch.cat([*batches])
    batches.set_epoch(1)
    assert not torch.equal(first, torch.cat([*batches]))
