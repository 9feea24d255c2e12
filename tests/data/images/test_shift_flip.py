import pytest
import torch
from torch.nn import functional as F

from zoo.data.images.shift_flip import ShiftAndFlip
from zoo.errors import ZooError


def test_every_crop_of_the_padded_image_occurs():
    torch.manual_seed(0)
    image = torch.rand(3, 5, 6)
    shifted, _ = ShiftAndFlip(pixels=1, flip=True)(image.expand(400, -1, -1, -1), torch.zeros(400))
    padded = F.pad(image, (1, 1, 1, 1))
    cuts = {}
    for down in range(3):
        for right in range(3):
            cut = padded[:, down : down + 5, right : right + 6]
            cuts[down, right, False], cuts[down, right, True] = cut, cut.flip(2)
    found = [next(name for name, cut in cuts.items() if torch.equal(cut, each)) for each in shifted]
    assert set(found) == set(cuts)


def test_zero_shift_without_flip_changes_nothing():
    images, labels = torch.rand(4, 1, 8, 8), torch.arange(4)
    same, same_labels = ShiftAndFlip(pixels=0, flip=False)(images, labels)
    assert torch.equal(same, images)
    assert torch.equal(same_labels, labels)


def test_a_negative_shift_is_refused():
    with pytest.raises(ZooError, match=r"`data.augmentation.pixels` \(=-1\) must not be negative"):
        ShiftAndFlip(pixels=-1, flip=False)
