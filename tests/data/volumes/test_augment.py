"""Augmentations of volumes."""

import math

import pytest
import torch

from zoo.data.volumes.augment import (
    MirrorVolumes,
    QuarterTurns,
    RandomRotation,
    VoxelNoise,
    rotation,
    turned,
)
from zoo.errors import ZooError

VOLUMES = torch.rand(6, 2, 5, 5, 5, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_rotation_by_90_degrees_is_a_turn(axis):
    matrix = rotation(axis, torch.full((6,), math.pi / 2))
    theta = torch.cat([matrix, torch.zeros(6, 3, 1)], dim=2)
    grid = torch.nn.functional.affine_grid(theta, list(VOLUMES.shape), align_corners=False)
    rotated = torch.nn.functional.grid_sample(VOLUMES, grid, align_corners=False)
    one, three = turned(VOLUMES, axis), turned(VOLUMES, axis, 3)
    assert min((rotated - one).abs().max(), (rotated - three).abs().max()) < 1e-5
    torch.testing.assert_close(rotated.sum(axis + 2).sum((-1, -2)), VOLUMES.sum(axis + 2).sum((-1, -2)))


def test_no_amount_leaves_a_volume_as_it_is():
    same = RandomRotation(degrees=0, axes=["height"], scale=[1, 1], shift=0)
    torch.testing.assert_close(same(VOLUMES, LABELS)[0], VOLUMES)
    assert torch.equal(VoxelNoise(std=0)(VOLUMES, LABELS)[0], VOLUMES)


def test_quarter_turns_move_voxels_and_change_none():
    torch.manual_seed(0)
    moved, labels = QuarterTurns(axes=["depth", "height", "width"])(VOLUMES, LABELS)
    assert torch.equal(labels, LABELS)
    assert torch.equal(moved.flatten(2).sort().values, VOLUMES.flatten(2).sort().values)
    assert not torch.equal(moved, VOLUMES)


def test_each_volume_is_mirrored_or_not():
    torch.manual_seed(0)
    mirrored = MirrorVolumes(axis="width")(VOLUMES, LABELS)[0]
    kept = [torch.equal(a, b) for a, b in zip(mirrored, VOLUMES, strict=True)]
    flipped = [torch.equal(a, b.flip(-1)) for a, b in zip(mirrored, VOLUMES, strict=True)]
    assert all(a != b for a, b in zip(kept, flipped, strict=True))
    assert any(kept)
    assert any(flipped)


def test_a_turn_needs_equal_sides():
    with pytest.raises(ZooError, match=r"a turn by 90° .* exchanges sides of 4 and\s+5 voxels"):
        turned(torch.zeros(1, 1, 3, 4, 5), 0)
    assert turned(torch.zeros(1, 1, 3, 4, 5), 0, 2).shape == (1, 1, 3, 4, 5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"degrees": -1}, "`data.augmentation.degrees` .* must not be negative"),
        ({"axes": ["up"]}, "must be one of: depth, height, width"),
        ({"axes": []}, "`data.augmentation.axes` is empty"),
        ({"scale": [1.2, 0.8]}, r"must be \[low, high\]"),
    ],
)
def test_bad_amounts(options, message):
    with pytest.raises(ZooError, match=message):
        RandomRotation(**{"degrees": 1, "axes": ["depth"], "scale": [1, 1], "shift": 0, **options})
