import pytest
import torch
from torchvision.transforms.v2 import functional as F

from zoo.data.images.affine import RandomAffine
from zoo.errors import ZooError

STILL = {"degrees": 0.0, "translate": 0.0, "scale": [1.0, 1.0], "shear": 0.0}


@pytest.fixture
def images():
    smooth = F.gaussian_blur(torch.rand(1, 1, 33, 33, generator=torch.Generator().manual_seed(0)), [9, 9])
    return F.pad((smooth - smooth.min()) / (smooth.max() - smooth.min()), [8] * 4)


def test_zero_amounts_change_nothing(images):
    moved, labels = RandomAffine(**STILL)(images, torch.tensor([3]))
    torch.testing.assert_close(moved, images, atol=1e-5, rtol=0)
    assert labels.tolist() == [3]


def test_scaling_equals_torchvision(images):
    moved, _ = RandomAffine(**STILL | {"scale": [0.8, 0.8]})(images, torch.zeros(1))
    theirs = F.affine(images, 0.0, [0, 0], 0.8, [0.0, 0.0], interpolation=F.InterpolationMode.BILINEAR)
    torch.testing.assert_close(moved, theirs, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "setting", [{"degrees": 20.0}, {"translate": 0.2}, {"scale": [0.7, 1.3]}, {"shear": 20.0}, {"elastic": 0.05}]
)
def test_amounts_are_drawn_per_image(images, setting):
    torch.manual_seed(0)
    moved, _ = RandomAffine(**STILL | setting)(images.expand(4, -1, -1, -1), torch.zeros(4))
    differences = [(moved[i] - moved[j]).abs().max() for i in range(4) for j in range(i)]
    assert min(differences) > 0.01


def test_a_rotation_stays_within_its_degrees(images):
    torch.manual_seed(0)
    moved, _ = RandomAffine(**STILL | {"degrees": 5.0})(images.expand(16, -1, -1, -1), torch.zeros(16))
    within = [F.rotate(images, angle, F.InterpolationMode.BILINEAR) for angle in torch.arange(-5, 5.25, 0.25).tolist()]
    for image in moved:
        assert min((image - other).abs().max() for other in within) < 0.05


def test_an_elastic_field_is_smooth_and_moves_pixels_by_its_deviation():
    torch.manual_seed(0)
    ramps = torch.linspace(-0.5, 0.5, 64).expand(1, 1, 64, 64)  # pixels that tell their place, as a fraction
    moved, _ = RandomAffine(**STILL | {"elastic": 0.02})(ramps.expand(400, -1, -1, -1), torch.zeros(400))
    shifts = (moved - ramps)[..., 16:-16, 16:-16]
    assert shifts.mean().item() == pytest.approx(0, abs=0.001)
    assert 0.6 * 0.02 < shifts.std().item() < 0.02  # interpolated between the bumps
    assert shifts.diff(dim=-2).std() < shifts.std() / 4


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"degrees": -1.0}, r"`data.augmentation.degrees` \(=-1.0\) must not be negative"),
        ({"elastic": -1.0}, r"`data.augmentation.elastic` \(=-1.0\) must not be negative"),
        ({"scale": [1.1, 0.9]}, r"must be \[low, high\] with 0 < low <= high"),
        ({"scale": [1.1]}, r"must be \[low, high\]"),
    ],
)
def test_invalid_amounts_are_refused(setting, message):
    with pytest.raises(ZooError, match=message):
        RandomAffine(**STILL | setting)
