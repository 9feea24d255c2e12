"""Reads files of volumes and clips in batches."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from zoo.data.volumes.base import VolumePreprocessing
from zoo.data.volumes.files import UnreadableVolume, read_volume
from zoo.errors import ZooError

ReadFile = Callable[[Path, VolumePreprocessing], Tensor]
"""Reads a file as [C D H W] in the size of the preprocessing."""


class VolumeBatch(NamedTuple):
    """A batch of files in order: the readable volumes [B C D H W], and the errors of the other files."""

    paths: list[Path]
    volumes: Tensor
    errors: dict[Path, str]


def read_resized(path: Path, preprocessing: VolumePreprocessing) -> Tensor:
    """Reads a volume file in the size of the network.

    Raises:
        ZooError: the file holds no volume, or one that does not fit.
    """
    return preprocessing.to_size(read_volume(path), "it")


def read_volumes(
    files: Sequence[Path], preprocessing: VolumePreprocessing, batch_size: int, read: ReadFile = read_resized
) -> Iterator[VolumeBatch]:
    """Reads files, `batch_size` at a time.

    Raises:
        ZooError: the batch size is below 1.
    """
    if batch_size < 1:
        raise ZooError(f"`batch_size` (={batch_size}) must be at least 1")
    for start in range(0, len(files), batch_size):
        paths, volumes, errors = list(files[start : start + batch_size]), [], {}
        for path in paths:
            try:
                volumes.append(read(path, preprocessing).float())
            except UnreadableVolume as error:
                errors[path] = error.reason
            except ZooError as error:  # another size, or a broken video
                errors[path] = str(error)
        empty = torch.empty(0, preprocessing.channels, *preprocessing.size)
        yield VolumeBatch(paths, torch.stack(volumes) if volumes else empty, errors)
