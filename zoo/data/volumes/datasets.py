"""Labeled volumes: read batch by batch, or held in memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from zoo.data.volumes.augment import turned
from zoo.data.volumes.base import VolumePreprocessing
from zoo.data.volumes.files import read_stack, read_volume, to_tensor


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


class VolumeFiles:
    """Labeled volumes, read batch by batch in the size of the preprocessing."""

    in_memory = False

    def __init__(self, files: Sequence[Path], items: Items, preprocessing: VolumePreprocessing) -> None:
        self.files = files
        self.items = items
        self.preprocessing = preprocessing
        self.labels = torch.from_numpy(items.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: Int[Tensor, " b"]) -> tuple[Shaped[Tensor, "b c d h w"], Int[Tensor, " b"]]:
        """A batch of volumes and their labels.

        Raises:
            UnreadableVolume: names the file.
        """
        volumes = [self.preprocessing.to_size(*self._read(index)) for index in indices.tolist()]
        return _stack(volumes), self.labels[indices]

    def in_memory_copy(self) -> "TensorVolumes":
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
            for place, row, volume in zip(places, rows, volumes, strict=True):
                kept[place] = self.preprocessing.to_size(volume, str(path) if single else f"{path} [{row}]")
        return TensorVolumes(_stack(kept), self.labels)

    def _read(self, index: int) -> tuple[Tensor, str]:
        number, row = self.items.places[index].tolist()
        path = self.files[number]
        if row < 0:
            return read_volume(path), str(path)
        return to_tensor(read_stack(path)[row], path), f"{path} [{row}]"


class TensorVolumes:
    """Volumes and labels held in memory; a batch is one indexing call."""

    in_memory = True

    def __init__(self, volumes: Shaped[Tensor, "n c d h w"], labels: Int[Tensor, " n"]) -> None:
        self.volumes = volumes
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        return self.volumes[indices], self.labels[indices]


class Turned:
    """Volumes of another data set, turned by 90° about an axis of [D H W]."""

    def __init__(self, volumes: VolumeFiles | TensorVolumes, axis: int) -> None:
        self.volumes = volumes
        self.axis = axis
        self.in_memory = volumes.in_memory

    def __len__(self) -> int:
        return len(self.volumes)

    def __getitem__(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        volumes, labels = self.volumes[indices]
        return turned(volumes, self.axis), labels


def _stack(volumes: Sequence[Tensor]) -> Tensor:
    if len({volume.dtype for volume in volumes}) > 1:
        volumes = [volume.float() for volume in volumes]
    return torch.stack([*volumes])
