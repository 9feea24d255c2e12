"""Orientation and voxel sizes of NIfTI files."""

import itertools

import nibabel
import numpy as np
import pytest
import torch

from zoo.data.volumes.files import UnreadableVolume, read_header, read_volume
from zoo.data.volumes.folder import Volumes

GRID = np.random.default_rng(0).random((4, 3, 5)).astype(np.float32)  # x to the right, y to the front, z up
ORIENTATIONS = [
    "".join(letters) for axes in itertools.permutations(("RL", "AP", "SI")) for letters in itertools.product(*axes)
]
OPTIONS = {"augmentation": None, "batch_size": 4, "num_workers": 0, "seed": 0, "size": None, "val_fraction": 0.2}


def write(path, codes="RAS", voxel=(1, 2, 3), grid=GRID):
    """Writes one object in an orientation; `voxel` is its size along x, y and z."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(grid, np.diag([*voxel, 1]))
    given, target = nibabel.io_orientation(image.affine), nibabel.orientations.axcodes2ornt(codes)
    image = image.as_reoriented(nibabel.orientations.ornt_transform(given, target))
    assert "".join(nibabel.aff2axcodes(image.affine)) == codes
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_every_orientation_is_one_volume(tmp_path, codes):
    path = write(tmp_path / "a.nii.gz", codes)
    assert torch.equal(read_volume(path), torch.from_numpy(GRID.T.copy())[None])
    header = read_header(path)
    assert header.shape == (1, 5, 3, 4)
    assert header.voxel_size == "3×2×1"
    assert header.bytes_per_voxel == 4


def test_channels_stay_first(tmp_path):
    two = np.stack([GRID, 2 * GRID], axis=-1)
    nibabel.save(nibabel.Nifti1Image(two, np.diag([-1, 1, 1, 1])), tmp_path / "a.nii")
    expected = torch.from_numpy(np.ascontiguousarray(two[::-1].T))
    assert torch.equal(read_volume(tmp_path / "a.nii"), expected)
    assert read_header(tmp_path / "a.nii").shape == (2, 5, 3, 4)


def test_a_damaged_orientation_is_named(tmp_path):
    image = nibabel.Nifti1Image(GRID, np.eye(4))
    image.set_sform(np.zeros((4, 4)), code="scanner")
    nibabel.save(image, tmp_path / "a.nii")
    for read in (read_volume, read_header):
        with pytest.raises(UnreadableVolume, match="its affine, which orients the axes, is damaged"):
            read(tmp_path / "a.nii")


def test_voxel_sizes_that_differ_are_named(tmp_path, caplog):
    for name, number in itertools.product(("cube", "ball"), range(4)):
        odd = (name, number) == ("ball", 0)
        write(
            tmp_path / name / f"{number}.nii",
            "LPI" if odd else "RAS",
            (1, 2, 2) if odd else (1, 2, 3),
            GRID * number + 1,
        )
    data = Volumes(root=str(tmp_path), test_fraction=0.2, turn_test=None, cache_mb=0, **OPTIONS)
    data.setup()
    note = (
        "(depth×height×width): 3×2×1 in 7 files (ball/1.nii, ball/2.nii, ball/3.nii, …), 2×2×1 in 1 file (ball/0.nii)"
    )
    assert note in caplog.text
    assert note in data.notes[0]
