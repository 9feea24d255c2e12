"""Reading volumes, right and damaged."""

import gzip
import io
import zipfile

import nibabel
import numpy as np
import pytest
import torch

from zoo.data.volumes.files import UnreadableVolume, read_stack, read_volume

GRID = (np.arange(4 * 3 * 5).reshape(4, 3, 5) % 7 == 0).astype(np.uint8)  # depth 4, height 3, width 5


def npy_bytes(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def binvox_bytes(grid, dims=None):
    """Runs of one voxel, in the order of the format: x, then z, then y, which varies fastest."""
    depth, height, width = grid.shape
    values = grid.transpose(2, 0, 1).flatten()
    head = f"#binvox 1\ndim {dims or f'{width} {depth} {height}'}\ntranslate 0 0 0\nscale 1\ndata\n"
    return head.encode() + np.stack([values, np.ones_like(values)], axis=1).astype(np.uint8).tobytes()


def save(path, array):
    kind = path.name.partition(".")[2]
    if kind == "npy":
        np.save(path, array)
    elif kind == "npy.gz":
        path.write_bytes(gzip.compress(npy_bytes(array)))
    elif kind == "npz":
        np.savez_compressed(path, volume=array)
    elif kind == "binvox":
        path.write_bytes(binvox_bytes(array))
    else:
        nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(array.T), np.eye(4)), path)
    return path


@pytest.mark.parametrize("kind", ["npy", "npy.gz", "npz", "binvox", "nii", "nii.gz"])
def test_every_format_holds_the_same_volume(tmp_path, kind):
    volume = read_volume(save(tmp_path / f"a.{kind}", GRID))
    assert volume.shape == (1, 4, 3, 5)
    assert torch.equal(volume[0], torch.from_numpy(GRID))
    assert volume.dtype == torch.uint8


def test_channels_and_numbers(tmp_path):
    two = np.stack([GRID, 2 * GRID]).astype(np.int16)
    volume = read_volume(save(tmp_path / "a.npy", two))
    assert volume.dtype == torch.float32
    assert torch.equal(volume, torch.from_numpy(two).float())
    stack = read_stack(save(tmp_path / "b.npy", np.stack([two, two, two])))
    assert isinstance(stack, np.memmap)
    assert stack.shape == (3, 2, 4, 3, 5)


def _npy_with_header(shape, data):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return buffer.getvalue() + data


def _zip(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, npy_bytes(GRID))
    return buffer.getvalue()


BROKEN = {
    "empty.npy": (b"", "the file is empty"),
    "text.npy": (b"no volume" * 20, "it is no npy file"),
    "text.npz": (b"no volume" * 20, "not a zip file"),
    "text.nii": (b"no volume" * 99, ""),
    "two.npz": (_zip("a.npy", "b.npy"), "it holds 2 arrays"),
    "flat.npy": (npy_bytes(np.zeros((4, 4))), r"it has the shape \[4, 4\], and a volume is \[D H W\] or \[C D H W\]"),
    "stack.npy": (npy_bytes(np.zeros((99, 4, 4, 4))), r"a stack of volumes is \[N C D H W\]"),
    "none.npy": (npy_bytes(np.zeros((0, 4, 4))), "it is empty"),
    "words.npy": (npy_bytes(np.full((2, 2, 2), "a")), "it holds <U1 values"),
    "objects.npy": (npy_bytes(np.full((2, 2, 2), None)), "it holds Python objects"),
    "nan.npy": (npy_bytes(np.full((2, 2, 2), np.nan)), "it holds NaN or infinite values"),
    "long.npy": (_npy_with_header((1, 640, 640, 640), b"0" * 800), ""),
    "long.npy.gz": (gzip.compress(_npy_with_header((1, 64, 64, 64), b"0" * 800)), "it is cut short: 800 of"),
    "huge.npy.gz": (
        gzip.compress(_npy_with_header((1, 6400, 6400, 6400), b"0")),
        "its header promises 1953.1 GiB; at most 0.25 are read from a file of its size",
    ),
    "cut.binvox": (binvox_bytes(GRID)[:-4], "its runs hold 58 voxels, and its header promises 60"),
    "wide.binvox": (binvox_bytes(GRID, "9999 9999 9999"), "must have three sides from 1 to 1024"),
    "text.binvox": (b"no volume", "it has no binvox header"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_file_is_named_with_the_reason(tmp_path, name):
    content, reason = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableVolume, match=rf"cannot read the volume `.*{name}`: .*{reason}"):
        read_volume(tmp_path / name)


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(UnreadableVolume, match="does not exist"):
        read_volume(tmp_path / "a.npy")
    with pytest.raises(UnreadableVolume, match="is not a file"):
        read_volume(tmp_path)
    (tmp_path / "a.stl").write_text("solid")
    with pytest.raises(UnreadableVolume, match=r"a volume is one of: \.npy"):
        read_volume(tmp_path / "a.stl")


def test_a_header_that_promises_too_much_is_named(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((8, 8, 8), np.float32))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole.replace(b"(8, 8, 8)", b"(8, 8, 800)").replace(b"  \n", b"\n", 1))
    with pytest.raises(UnreadableVolume, match=r"its header promises 204,800 bytes of data, and it has 2,048"):
        read_volume(tmp_path / "a.npy")


def test_a_stack_without_channels_tells_what_to_save(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((9, 8, 8, 8), np.float32))
    with pytest.raises(UnreadableVolume, match=r"save array\[:, None\], with one channel"):
        read_stack(tmp_path / "a.npy")
