"""Labeled volumes: read batch by batch, or held in memory."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from zoo.data.file_names import printable
from zoo.data.gather import gather_rows
from zoo.data.volumes.augment import turned
from zoo.data.volumes.base import VolumePreprocessing, is_empty
from zoo.data.volumes.files import read_stack, read_volume, to_tensor

_log = logging.getLogger(__name__)
_NAMED = 5  # empty volumes in the log


class Items(NamedTuple):
    """Volumes by their place in `files`, in two arrays: cheap to send to workers."""

    places: Int[np.ndarray, "n 2"]
    """The number of the file, and the row in its stack, or -1 for a file of one volume."""
    labels: Int[np.ndarray, " n"]

    @property
    def in_stacks(self) -> bool:
        """Whether the files hold stacks of volumes."""
        return bool(self.places[0, 1] >= 0)

    def part(self, indices: Int[np.ndarray, " m"]) -> "Items":
        """The items with these indices."""
        return Items(self.places[indices], self.labels[indices])


class VolumeList:
    """Labeled volumes by the files that hold them."""

    def __init__(self, root: Path, files: Sequence[Path], items: Items) -> None:
        self.root = root
        self.files = files
        self.items = items
        self.labels = torch.from_numpy(items.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def place(self, index: int) -> tuple[Path, int | None]:
        """The file of a volume, and its row in a stack."""
        number, row = self.items.places[index].tolist()
        return self.files[number], None if row < 0 else row

    def sample_name(self, index: int) -> str:
        """The path of a file, relative to the root, and the row in a stack."""
        path, row = self.place(index)
        name = printable(os.path.relpath(path, self.root))
        return name if row is None else f"{name} [{row}]"


class VolumeFiles(VolumeList):
    """Labeled volumes, read batch by batch in the size of the preprocessing; logs empty ones."""

    in_memory = False

    def __init__(self, root: Path, files: Sequence[Path], items: Items, preprocessing: VolumePreprocessing) -> None:
        super().__init__(root, files, items)
        self.preprocessing = preprocessing
        self._empty: set[str] = set()

    def __getitem__(self, indices: Int[Tensor, " b"]) -> tuple[Shaped[Tensor, "b c d h w"], Int[Tensor, " b"]]:
        """A batch of volumes and their labels.

        Raises:
            UnreadableVolume: names the file.
        """
        names = [self.sample_name(index) for index in indices.tolist()]
        read = [self._read(index) for index in indices.tolist()]
        volumes = _stack([self.preprocessing.to_size(*each) for each in zip(read, names, strict=True)])
        for place in is_empty(volumes).nonzero().flatten().tolist():
            self._log_empty(names[place])
        return volumes, self.labels[indices]

    def in_memory_copy(self) -> "HeldVolumes":
        """The same volumes held in memory; opens each file once.

        Raises:
            UnreadableVolume: names the file.
        """
        kept: list[Tensor] = [torch.empty(0)] * len(self)
        numbers = self.items.places[:, 0]
        for number in np.unique(numbers):
            path, places = self.files[number], np.flatnonzero(numbers == number)
            rows = self.items.places[places, 1]
            single = rows[0] < 0
            volumes = [read_volume(path)] if single else to_tensor(read_stack(path)[rows], path)
            for place, volume in zip(places.tolist(), volumes, strict=True):
                kept[place] = self.preprocessing.to_size(volume, self.sample_name(place))
        return HeldVolumes(_stack(kept), self)

    def _log_empty(self, name: str) -> None:
        """Logs a volume once; each process that reads data names its first ones."""
        if name not in self._empty and len(self._empty) < _NAMED:
            self._empty.add(name)
            more = "; zoo-check-data names any others" if len(self._empty) == _NAMED else ""
            _log.warning("empty volume, with one value in all voxels: %s%s", name, more)

    def _read(self, index: int) -> Shaped[Tensor, "c d h w"]:
        path, row = self.place(index)
        return read_volume(path) if row is None else to_tensor(read_stack(path)[row], path)


class TensorVolumes:
    """Volumes and labels held in memory; a batch is one indexing call."""

    in_memory = True

    def __init__(self, volumes: Shaped[Tensor, "n c d h w"], labels: Int[Tensor, " n"]) -> None:
        self.volumes = volumes
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        return gather_rows(self.volumes, indices), self.labels[indices]


class HeldVolumes(TensorVolumes):
    """The volumes of files, held in memory."""

    def __init__(self, volumes: Shaped[Tensor, "n c d h w"], files: VolumeFiles) -> None:
        super().__init__(volumes, files.labels)
        self.files = files

    def sample_name(self, index: int) -> str:
        """As of the files."""
        return self.files.sample_name(index)

    def empty_ones(self) -> list[str]:
        """The names of volumes with one value in all voxels."""
        return [self.sample_name(index) for index in is_empty(self.volumes).nonzero().flatten().tolist()]


class Turned:
    """Volumes of another data set, turned by 90° about an axis of [D H W]."""

    def __init__(self, volumes: VolumeFiles | HeldVolumes, axis: int) -> None:
        self.volumes = volumes
        self.axis = axis
        self.in_memory = volumes.in_memory

    def __len__(self) -> int:
        return len(self.volumes)

    def __getitem__(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        volumes, labels = self.volumes[indices]
        return turned(volumes, self.axis), labels

    def sample_name(self, index: int) -> str:
        """As of the volumes that are turned."""
        return self.volumes.sample_name(index)


def _stack(volumes: Sequence[Tensor]) -> Tensor:
    if len({volume.dtype for volume in volumes}) > 1:
        volumes = [volume.float() for volume in volumes]
    return torch.stack([*volumes])
