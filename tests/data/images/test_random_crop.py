import pytest
import torch

from zoo.data.images.random_crop import RandomCrop
from zoo.errors import ZooError


def ramp(count: int, side: int) -> torch.Tensor:
    """Channel 0 is the horizontal position of each pixel's center, channel 1 the vertical one, from 0 to 1."""
    positions = (torch.arange(side) + 0.5) / side
    return torch.stack([positions.expand(side, side), positions[:, None].expand(side, side)]).expand(count, -1, -1, -1)


def test_crops_have_the_configured_area_and_aspect_and_lie_inside():
    torch.manual_seed(0)
    cuts, labels = RandomCrop(size=64, area=[0.3, 0.6], aspect=[0.8, 1.25], flip=False)(
        ramp(300, 64), torch.arange(300)
    )
    assert cuts.shape == (300, 2, 64, 64)
    assert torch.equal(labels, torch.arange(300))
    steps = 63 / 64
    wide = (cuts[:, 0, 0, -1] - cuts[:, 0, 0, 0]) / steps
    high = (cuts[:, 1, -1, 0] - cuts[:, 1, 0, 0]) / steps
    assert 0.29 < (wide * high).min() < 0.33
    assert 0.57 < (wide * high).max() < 0.61
    assert 0.79 < (wide / high).min() < 0.85
    assert 1.18 < (wide / high).max() < 1.26
    assert cuts.min() >= 0.5 / 64
    assert cuts.max() <= 1 - 0.5 / 64


def test_half_of_the_crops_are_mirrored():
    torch.manual_seed(0)
    cuts, _ = RandomCrop(size=8, area=[1.0, 1.0], aspect=[1.0, 1.0], flip=True)(ramp(400, 8), torch.zeros(400))
    mirrored = cuts[:, 0, 0, 0] > cuts[:, 0, 0, -1]
    assert 160 < mirrored.sum() < 240
    assert torch.allclose(cuts[mirrored], ramp(1, 8).flip(3), atol=1e-6)
    assert torch.allclose(cuts[~mirrored], ramp(1, 8), atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"area": [0.5]}, r"`data.augmentation.area` \(=\[0.5\]\) must be \[low, high\] with 0 < low <= high"),
        ({"area": [0.5, 1.5]}, r"`data.augmentation.area` \(=\[0.5, 1.5\]\) must not be above 1"),
        ({"aspect": [2.0, 1.0]}, r"`data.augmentation.aspect` \(=\[2.0, 1.0\]\) must be \[low, high\]"),
    ],
)
def test_invalid_ranges_are_refused(change, message):
    with pytest.raises(ZooError, match=message):
        RandomCrop(**{"size": 8, "area": [0.5, 1.0], "aspect": [1.0, 1.0], "flip": False} | change)
