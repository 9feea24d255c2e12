"""Labeled images of HDF5 files as rows of pixels, as published exercises have them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.base import Split
from zoo.data.compressed import most_bytes
from zoo.data.table.base import Source, TableData
from zoo.data.table.raw import Kind, RawTable
from zoo.distribution import install_command
from zoo.errors import ZooError, first_line


@dataclass(kw_only=True, eq=False)
class H5Images(TableData):
    """Images of the arrays `train_set_x` [N H W C] (bytes) and `train_set_y` [N], and the same of `test_set`.

    A row has the pixels in the order of the file, divided by 255. All training images are also the validation, so that
    training on all of them can be followed; the best checkpoint is the one that fits them best.
    """

    path: str
    test_path: str

    def source(self) -> Source:
        """Reads both files."""
        train = _read(Path(self.path).expanduser(), "train_set")
        tables: dict[Split, RawTable] = {
            "train": train,
            "val": train,
            "test": _read(Path(self.test_path).expanduser(), "test_set"),
        }
        if (sizes := {len(table.columns) for table in tables.values()}) and len(sizes) > 1:
            raise ZooError(f"{self.test_path}: its images have another size than those of {self.path}")
        return Source(tables=tables, target="y", target_is="classes")


def _read(path: Path, name: str) -> RawTable:
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise ZooError(f"reading {path.name} needs the package h5py: {install_command('h5')}") from error
    if not path.is_file():
        raise ZooError(f"{path} does not exist, or is no file")
    try:
        with h5py.File(path) as file:
            images, labels = _arrays(file, path, name)
    except ZooError:
        raise
    except Exception as error:  # damaged bytes may raise anything
        raise ZooError(f"{path} cannot be read as HDF5: {first_line(error):.200}") from error
    pixels = images.reshape(len(images), -1) / 255
    columns = {str(number): pixels[:, number] for number in range(pixels.shape[1])} | {"y": labels.astype(np.float64)}
    kinds: dict[str, Kind] = dict.fromkeys(columns, "number")
    return RawTable(columns=columns, kinds=kinds, rows=np.arange(1, len(labels) + 1), where=str(path))


def _arrays(file: Any, path: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    for key in (f"{name}_x", f"{name}_y"):
        if key not in file:
            raise ZooError(f"{path} holds no `{key}`; there are: {', '.join(file)}")
    if sum(file[f"{name}_{part}"].nbytes for part in "xy") > most_bytes(path):
        raise ZooError(f"{path} is a small file of more than {most_bytes(path):,} bytes")
    images, labels = np.asarray(file[f"{name}_x"]), np.asarray(file[f"{name}_y"]).ravel()
    if images.ndim != 4 or images.dtype != np.uint8 or len(images) != len(labels):
        raise ZooError(
            f"{path}: `{name}_x` is {list(images.shape)} of {images.dtype} with {len(labels)} labels, and must be "
            "bytes [N H W C] with N labels"
        )
    return images, labels
