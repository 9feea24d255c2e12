import pytest
import torch

from zoo.data.identities.splits import near_duplicates, require_disjoint, split_identities
from zoo.errors import ZooError


def test_every_identity_is_in_one_split():
    parts = split_identities(40, 0.15, 0.25, seed=3)
    assert {name: len(part) for name, part in parts.items()} == {"train": 24, "val": 6, "test": 10}
    assert sorted(torch.cat(list(parts.values())).tolist()) == list(range(40))
    other = split_identities(40, 0.15, 0.25, seed=4)
    assert not torch.equal(parts["test"], other["test"])
    require_disjoint({name: part.tolist() for name, part in parts.items()})


@pytest.mark.parametrize(("count", "val", "test"), [(5, 0.2, 0.2), (10, 0.5, 0.5), (10, 0.0, 0.2)])
def test_fractions_that_leave_too_few_identities_are_refused(count, val, test):
    with pytest.raises(ZooError, match=f"{count} identities cannot be split with data.val={val}"):
        split_identities(count, val, test, seed=0)


def test_an_overlap_is_refused():
    with pytest.raises(ZooError, match="identity `ann` is in both train and test"):
        require_disjoint({"train": ["ann", "bob"], "test": ["cat", "ann"]})


def test_near_duplicates_are_found_across_splits_only():
    torch.manual_seed(0)
    smooth = torch.nn.functional.interpolate(torch.rand(6, 1, 6, 6), size=48, mode="bicubic").clamp(0, 1)
    images = (smooth * 255).to(torch.uint8)
    brighter = (images[1:2].float() * 0.8 + 30).to(torch.uint8)
    noisy = (images[2:3].float() + 8 * torch.randn(1, 1, 48, 48)).clamp(0, 255).to(torch.uint8)
    splits = {
        "train": torch.cat([images[:3], images[:1]]),  # repetitions within a split are allowed
        "val": torch.cat([images[3:4], brighter]),
        "test": torch.cat([noisy, images[5:]]),
    }
    found = {(pair.splits, pair.rows) for pair in near_duplicates(splits)}
    assert found == {(("train", "val"), (1, 1)), (("train", "test"), (2, 0))}


def test_uniform_images_are_not_duplicates():
    gray = torch.full((2, 1, 20, 20), 128, dtype=torch.uint8)
    assert near_duplicates({"train": gray, "test": gray}) == []
