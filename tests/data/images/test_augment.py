"""Augmentations draw for every image and change labels consistently."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot
from torchvision.transforms import v2

from zoo.config.compose import compose, to_dict
from zoo.config.instantiate import complete, instantiate
from zoo.config.listing import list_options
from zoo.data.images.augment import Chain, ColorNoise, CutMix, Each, Mirror, Mixup, OneOf
from zoo.errors import ZooError

LABELS = torch.arange(64) % 4
SOFT = one_hot(LABELS, 4).float()


def images(count: int = 64) -> Tensor:
    return torch.rand(count, 3, 12, 10, generator=torch.Generator().manual_seed(0))


def test_mirror_flips_about_half() -> None:
    torch.manual_seed(0)
    turned, labels = Mirror()(images(), LABELS)
    flipped = (turned == images().flip(-1)).flatten(1).all(1)
    assert 16 < flipped.sum() < 48
    assert torch.equal(turned[~flipped], images()[~flipped])
    assert torch.equal(labels, LABELS)


def test_color_noise_has_imagenets_covariance() -> None:
    torch.manual_seed(0)
    gray = torch.full((20_000, 3, 1, 1), 0.5)
    shift = (ColorNoise(std=0.1)(gray, torch.zeros(20_000))[0] - 0.5).flatten(1)
    values, axes = torch.linalg.eigh(torch.cov(shift.T))
    torch.testing.assert_close(values.sqrt().flip(0), torch.tensor([0.02175, 0.00188, 0.00045]), rtol=0.05, atol=1e-5)
    assert abs(axes[:, -1] @ torch.tensor([-0.5675, -0.5808, -0.5836])) > 0.999
    assert (shift.std(0) > 0.01).all()
    pixels = ColorNoise(std=5.0)(images(), LABELS)[0]
    assert 0 <= pixels.min() < pixels.max() <= 1


def test_mixup_blends_images_and_labels_with_one_weight() -> None:
    torch.manual_seed(0)
    marked = SOFT.repeat_interleave(3, 1)[:, :3, None, None].expand(-1, -1, 4, 4).clone()
    marked[:] = LABELS.float().view(-1, 1, 1, 1) / 3
    mixed, labels = Mixup(alpha=1.0)(marked, SOFT)
    torch.testing.assert_close(labels.sum(1), torch.ones(64))
    assert labels.max(1).values.min() < 0.99
    expected = labels @ (torch.arange(4.0) / 3)
    torch.testing.assert_close(mixed[:, 0, 0, 0], expected)


def test_cutmix_blends_labels_by_area() -> None:
    torch.manual_seed(0)
    marked = (LABELS.float() / 3).view(-1, 1, 1, 1).expand(-1, 3, 12, 10).clone()
    mixed, labels = CutMix(alpha=1.0)(marked, SOFT)
    torch.testing.assert_close(mixed.mean((1, 2, 3)), labels @ (torch.arange(4.0) / 3))
    assert labels.max(1).values.min() < 1
    assert set(mixed.unique().tolist()) <= set(marked.unique().tolist())


def test_each_draws_for_every_image() -> None:
    torch.manual_seed(0)
    same = images(1).expand(32, -1, -1, -1)
    varied, _ = Each(transform=v2.RandomErasing(p=1.0))(same, LABELS[:32])
    assert len({tuple(image.flatten().tolist()) for image in varied}) > 20


def test_one_of_applies_one_and_chain_applies_all() -> None:
    torch.manual_seed(0)
    add = [lambda x, y, n=n: (x + n, y) for n in (1, 10)]
    assert Chain(steps=add)(torch.zeros(1), torch.zeros(1))[0].item() == 11
    seen = {OneOf(choices=add)(torch.zeros(1), torch.zeros(1))[0].item() for _ in range(30)}
    assert seen == {1, 10}
    assert Chain(steps=[Mirror(), OneOf(choices=[Mixup(alpha=1.0)])]).mixes_labels
    assert not Chain(steps=[Mirror()]).mixes_labels


@pytest.mark.parametrize("name", list_options("data/augmentation"))
def test_every_option_returns_valid_images(name: str) -> None:
    config = to_dict(compose(["data=digits_32x32_rgb", f"data/augmentation={name}"]))["data"]["augmentation"]
    augmentation = instantiate(complete(config, {}, "data.augmentation"))
    torch.manual_seed(0)
    labels = SOFT[:8] if getattr(augmentation, "mixes_labels", False) else LABELS[:8]
    images = torch.rand(8, 3, 36, 36)
    varied, targets = augmentation(images, labels)
    assert varied.shape[:2] == (8, 3)
    assert len(targets) == 8
    assert torch.isfinite(varied).all()
    assert -0.01 <= varied.min() < varied.max() <= 1.01
    assert varied.shape != images.shape or not torch.equal(varied, images)


def test_invalid_values_are_refused() -> None:
    with pytest.raises(ZooError, match=r"`alpha` \(=0.0\) must be positive"):
        Mixup(alpha=0.0)
    with pytest.raises(ZooError, match="ColorNoise is for images of 3 channels, and these have 1"):
        ColorNoise(std=0.1)(torch.zeros(2, 1, 4, 4), torch.zeros(2))
