import pytest
import torch
from torchvision.transforms.v2 import functional as F

from zoo.ops.tta import views


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (12, 7)])
def test_five_crops_are_torchvisions_and_their_mirror_images_follow(size):
    images = torch.rand(2, 3, *size)
    ours, theirs = views(images, names=["flip", "five_crops"], size=6), F.five_crop(images, [6, 6])
    assert len(ours) == 10
    assert all(torch.equal(a, b) for a, b in zip(ours[:5], theirs, strict=True))
    assert all(torch.equal(a, F.horizontal_flip(b)) for a, b in zip(ours[5:], theirs, strict=True))


def test_without_crops_the_center():
    images = torch.rand(2, 1, 8, 8)
    center = F.center_crop(images, [6, 6])
    plain, mirrored = views(images, names=["flip"], size=6)
    assert torch.equal(plain, center)
    assert torch.equal(mirrored, center.flip(-1))
    assert len(views(images, names=[], size=8)) == 1
