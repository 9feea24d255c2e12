import numpy as np
import torch
from torchvision.transforms import v2

from zoo.data.images.files import cut_square, squash, to_channels

RNG = np.random.default_rng(0)


def test_cut_square_is_torchvisions_evaluation_transform():
    image = torch.from_numpy(RNG.integers(0, 256, (3, 50, 70), dtype=np.uint8))
    expected = v2.Compose([v2.Resize(32), v2.CenterCrop(28)])(image)
    assert torch.equal(cut_square(image, short=32, size=28), expected)
    assert torch.equal(squash(image, size=20), v2.Resize((20, 20))(image))


def test_place_selects_the_crop_along_the_long_side():
    columns = torch.arange(12, dtype=torch.uint8).expand(1, 4, 12)
    kept = {place: cut_square(columns, short=4, size=4, place=place)[0, 0].tolist() for place in (0.0, 0.5, 1.0)}
    assert kept == {0.0: [0, 1, 2, 3], 0.5: [4, 5, 6, 7], 1.0: [8, 9, 10, 11]}
    assert torch.equal(
        cut_square(columns.mT, short=4, size=4, place=1.0).mT, cut_square(columns, short=4, size=4, place=1.0)
    )


def test_cut_square_pads_smaller_images():
    batch = torch.from_numpy(RNG.integers(0, 256, (2, 1, 28, 28), dtype=np.uint8))
    padded = cut_square(batch, short=28, size=32)
    assert torch.equal(padded[..., 2:-2, 2:-2], batch)
    assert padded.sum() == batch.sum()


def test_cut_square_crops_a_long_strip_before_resizing():
    strip = torch.zeros(1, 1, 20_000, dtype=torch.uint8)
    assert cut_square(strip, short=256, size=224).shape == (1, 224, 224)  # resizing first would take 1.3 billion pixels


def test_to_channels_keeps_gray_through_color():
    gray = torch.arange(256, dtype=torch.uint8).view(1, 16, 16)
    assert torch.equal(to_channels(to_channels(gray, 3), 1), gray)
