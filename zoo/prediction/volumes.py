"""Reads volume files in batches."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from zoo.data.file_names import FileKind
from zoo.data.volumes.base import VolumePreprocessing
from zoo.data.volumes.files import EXTENSIONS, UnreadableVolume, is_volume_name, read_volume
from zoo.errors import ZooError

_VOLUMES = FileKind("volumes", is_volume_name)


class VolumeBatch(NamedTuple):
    """A batch of files in order: the readable volumes [B C D H W], and the errors of the other files."""

    paths: list[Path]
    volumes: Tensor
    errors: dict[Path, str]


def volume_files(source: Any) -> list[Path]:
    """Returns the file itself, or all volume files below a folder; for a list, those of each of its entries.

    Raises:
        ZooError: the folder holds no volumes, or the source is no path.
    """
    if isinstance(source, list | tuple):
        return [file for each in source for file in volume_files(each)]
    if not isinstance(source, Path):
        raise ZooError(f"this model reads volumes from files ({' '.join(EXTENSIONS)}), and the source is in memory")
    if not source.is_dir():
        return [source]
    files = [source / name for name in _VOLUMES.names(source)]
    if not files:
        raise ZooError(f"source={source} holds no volumes ({' '.join(EXTENSIONS)})")
    return files


def read_volumes(files: Sequence[Path], preprocessing: VolumePreprocessing, batch_size: int) -> Iterator[VolumeBatch]:
    """Reads files in the size of the network, `batch_size` at a time.

    Raises:
        ZooError: the batch size is below 1.
    """
    if batch_size < 1:
        raise ZooError(f"`batch_size` (={batch_size}) must be at least 1")
    for start in range(0, len(files), batch_size):
        paths, volumes, errors = list(files[start : start + batch_size]), [], {}
        for path in paths:
            try:
                volumes.append(preprocessing.fit(read_volume(path), "it").float())
            except UnreadableVolume as error:
                errors[path] = error.reason
            except ZooError as error:  # another size or number of channels
                errors[path] = str(error)
        empty = torch.empty(0, preprocessing.channels, *preprocessing.size)
        yield VolumeBatch(paths, torch.stack(volumes) if volumes else empty, errors)
