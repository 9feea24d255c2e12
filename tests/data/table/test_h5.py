"""Labeled images of HDF5 files."""

import numpy as np
import pytest

from zoo.data.table.h5 import H5Images
from zoo.errors import ZooError

h5py = pytest.importorskip("h5py")


def saved(path, name, labels, **arrays):
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 2, 2, 3), dtype=np.uint8)
    with h5py.File(path, "w") as file:
        for key, array in {f"{name}_x": images, f"{name}_y": np.array(labels), **arrays}.items():
            file[key] = array
    return images


def data(folder):
    return H5Images(
        path=str(folder / "train.h5"),
        test_path=str(folder / "test.h5"),
        leave_out=[],
        impute=None,
        scaling="none",
        split="auto",
        split_by=None,
        val_fraction=0.15,
        test_fraction=0.15,
        batch_size=1000,
        num_workers=0,
        seed=0,
    )


def test_rows_are_the_pixels_of_the_files_over_255(tmp_path):
    images = saved(tmp_path / "train.h5", "train_set", [0, 1, 0, 1])
    saved(tmp_path / "test.h5", "test_set", [1, 0])
    rows, labels = data(tmp_path).dataset("train").arrays()
    assert rows.dtype == np.float64
    assert (rows == images.reshape(4, -1) / 255).all()
    assert labels.tolist() == [0, 1, 0, 1]
    assert data(tmp_path).dataset("test").targets.tolist() == [1, 0]


def test_other_files_are_refused(tmp_path):
    saved(tmp_path / "train.h5", "train_set", [0, 1])
    with pytest.raises(ZooError, match="test.h5 does not exist"):
        data(tmp_path).setup()
    (tmp_path / "test.h5").write_bytes(b"no file of this format")
    with pytest.raises(ZooError, match="cannot be read as HDF5"):
        data(tmp_path).setup()
    saved(tmp_path / "test.h5", "train_set", [0, 1])
    with pytest.raises(ZooError, match="holds no `test_set_x`; there are: train_set_x, train_set_y"):
        data(tmp_path).setup()
    with h5py.File(tmp_path / "test.h5", "w") as file:
        file["test_set_x"], file["test_set_y"] = np.zeros((2, 12)), np.zeros(2)
    with pytest.raises(ZooError, match=r"`test_set_x` is \[2, 12\] of float64 with 2 labels"):
        data(tmp_path).setup()
