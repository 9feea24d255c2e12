import pytest
import torch

from zoo.data.identities.batches import IdentityBatches
from zoo.errors import ZooError


def batches(identities, **changes):
    arguments = {"batch_size": 12, "images_per_identity": 3, "steps_per_epoch": 20, "seed": 0}
    return IdentityBatches(torch.as_tensor(identities), **(arguments | changes))


def test_every_batch_has_p_identities_with_k_images():
    identities = torch.randint(0, 9, (200,), generator=torch.Generator().manual_seed(0))
    sampler = batches(identities)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == 20
    for rows in drawn:
        found, counts = identities[rows].unique(return_counts=True)
        assert len(found) == 4
        assert (counts == 3).all()
        assert len(rows.unique()) == 12
    assert set(torch.cat(drawn).tolist()) > set(range(0, 200, 50))


def test_small_identities_repeat_images_and_single_images_are_skipped():
    identities = [0, 0, 1, 1, 1, 1, 2, 3, 3]
    for rows in batches(identities, batch_size=9, images_per_identity=3):
        found = torch.tensor(identities)[rows]
        assert 2 not in found
        assert sorted(found.unique(return_counts=True)[1].tolist()) == [3, 3, 3]


def test_epochs_differ_and_repeat():
    sampler = batches(torch.arange(60) % 10)
    first = torch.stack(list(sampler))
    assert torch.equal(first, torch.stack(list(sampler)))
    sampler.set_epoch(1)
    assert not torch.equal(first, torch.stack(list(sampler)))


def test_processes_draw_different_identities():
    identities = torch.arange(80) % 8
    ranks = [batches(identities, rank=rank, world_size=2) for rank in (0, 1)]
    for one, other in zip(*ranks, strict=True):
        assert not set(identities[one].tolist()) & set(identities[other].tolist())
    more = [list(batches(identities, rank=rank, world_size=5)) for rank in range(5)]
    assert all(len(part) == 20 for part in more)  # more processes than disjoint batches


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images_per_identity": 1}, r"`data.images_per_identity` \(=1\) must be at least 2"),
        ({"batch_size": 10}, r"`data.batch_size` \(=10\) must be a multiple of data.images_per_identity \(=3\)"),
        ({"batch_size": 15}, r"needs 5 identities and there are 4 with two images or more: type data.batch_size=12"),
        ({"steps_per_epoch": 0}, r"`data.steps_per_epoch` \(=0\) must be at least 1"),
    ],
)
def test_invalid_arguments_are_refused(changes, message):
    with pytest.raises(ZooError, match=message):
        batches([0, 0, 1, 1, 2, 2, 3, 3, 4], **changes)
