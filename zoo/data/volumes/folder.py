"""Volumes of your own: a folder of files per class, or a stack of volumes per class."""

import logging
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from zoo.data.base import Split
from zoo.data.file_names import printable
from zoo.data.options import require_fractions
from zoo.data.sample_check import check_samples
from zoo.data.splits import cut_splits
from zoo.data.volumes.augment import parse_axis
from zoo.data.volumes.base import VolumeData, VolumePreprocessing, measured_statistics
from zoo.data.volumes.check import examine_volumes, shape_problems
from zoo.data.volumes.datasets import HeldVolumes, Items, Turned, VolumeFiles, VolumeList
from zoo.data.volumes.files import VOLUMES, read_header
from zoo.data.volumes.header import CHANNEL_COUNTS, SIZES, VOXEL_SIZES, Header, mismatches
from zoo.data.volumes.layout import find_volumes
from zoo.errors import ZooError

_log = logging.getLogger(__name__)
_NAMED = 5  # empty volumes in a note


@dataclass(kw_only=True, eq=False)
class Volumes(VolumeData):
    """Volumes in class folders below `root`, or below `root/train`, `root/val` and `root/test`; or stacks in `root`.

    A file holds a volume [D H W] or [C D H W]: npy, npz, binvox, or NIfTI, which is turned to the orientation RAS+. A
    stack is a file CLASS.npy or CLASS.npy.gz with [N C D H W]. A missing split is cut out of the training volumes, with
    the same fraction of each class. `size` [D, H, W] resizes all volumes; with null they must have one size.

    If all volumes fit into `cache_mb` megabytes, they are held in memory; otherwise each batch is read, and npy files
    are mapped. `turn_test` (depth, height or width) turns the test volumes by 90° about this axis.

    Raises:
        ZooError: a value out of its range.
    """

    root: str
    size: list[int] | None
    val_fraction: float
    test_fraction: float
    turn_test: str | None
    cache_mb: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require_fractions(self.val_fraction, self.test_fraction)
        if self.size is not None and (len(self.size) != 3 or min(self.size) < 1):
            raise ZooError(f"`data.size` (={self.size}) must be [depth,height,width] in voxels, or null")
        self.turn_axis = None if self.turn_test is None else parse_axis(self.turn_test, "data.turn_test")

    def load(self) -> dict[str, Any]:
        """Finds the files, cuts missing splits out of training, and holds in memory what fits.

        Raises:
            ZooError: another layout of folders, volumes of different sizes, or a class with too few volumes.
        """
        root = Path(self.root).expanduser()
        files, given, self.class_names = find_volumes(root)
        fractions: dict[Split, float] = {"test": self.test_fraction, "val": self.val_fraction}
        items = cut_splits(given, self.class_names, fractions, self.seed, VOLUMES.noun)
        headers = [read_header(path, stack=items["train"].in_stacks) for path in files]
        channels, *size = self._common_shape(headers, _names(root, files))
        self.preprocessing = VolumePreprocessing(
            size=(size[0], size[1], size[2]),
            channels=channels,
            mean=(0.0,) * channels,
            std=(1.0,) * channels,
            resize=self.size is not None,
        )
        count = sum(len(part.labels) for part in items.values())
        voxel_bytes = max(header.bytes_per_voxel for header in headers)
        megabytes = count * channels * math.prod(size) * voxel_bytes / 2**20
        splits: dict[str, Any] = {
            name: VolumeFiles(root, files, part, self.preprocessing) for name, part in items.items()
        }
        if megabytes <= self.cache_mb or _has_packed_stacks(files, items):
            splits = {name: part.in_memory_copy() for name, part in splits.items()}
            self._note_empty(splits)
        mean, std = measured_statistics(splits["train"], self.seed)
        self.preprocessing = replace(self.preprocessing, mean=mean, std=std)
        if self.turn_axis is not None:
            splits["test"] = Turned(splits["test"], self.turn_axis)
            splits["test"][torch.zeros(1, dtype=torch.long)]  # refuses unequal sides before training
        return splits

    def check(self, folder: Path) -> bool:
        """Prints the content of the folders, broken and empty volumes, differing shapes, and volumes that are there
        twice."""
        root = Path(self.root).expanduser()
        files, given, names = find_volumes(root)
        found = shape_problems(files, _names(root, files), stack=given["train"].in_stacks)
        if self.size is not None:
            found.pop(SIZES, None)
        splits = {split: VolumeList(root, files, part) for split, part in given.items()}
        return check_samples(splits, names, VOLUMES.noun, examine_volumes(), found)

    def _common_shape(self, headers: Sequence[Header], names: Sequence[str]) -> list[int]:
        """Channels, depth, height and width of all volumes; voxel sizes that differ are logged and kept in `notes`.

        Raises:
            ZooError: the volumes differ in channels, or without `size` in size; names the files.
        """
        found = mismatches(headers, names)
        channels, *size = Counter(header.shape[-4:] for header in headers).most_common(1)[0][0]
        if CHANNEL_COUNTS in found:
            raise ZooError(f"the volumes have {CHANNEL_COUNTS}: {found[CHANNEL_COUNTS]}")
        if SIZES in found and self.size is None:
            raise ZooError(
                f"the volumes have {SIZES} (depth×height×width): {found[SIZES]}: "
                f"data.size=[{','.join(map(str, size))}] resizes all volumes"
            )
        if VOXEL_SIZES in found:
            self._note(f"{VOXEL_SIZES} (depth×height×width): {found[VOXEL_SIZES]}: volumes are not resampled to one")
        return [channels, *(self.size or size)]

    def _note_empty(self, splits: Mapping[str, HeldVolumes]) -> None:
        for name, part in splits.items():
            if found := part.empty_ones():
                more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
                self._note(f"{name}: empty volumes, with one value in all voxels: {', '.join(found[:_NAMED])}{more}")

    def _note(self, note: str) -> None:
        self.notes.append(note)
        _log.warning("%s", note)


def _names(root: Path, files: Sequence[Path]) -> list[str]:
    return [printable(os.path.relpath(path, root)) for path in files]


def _has_packed_stacks(files: Sequence[Path], items: Mapping[Split, Items]) -> bool:
    """Whether stacks are compressed: reading one volume would unpack all."""
    return items["train"].in_stacks and any(path.name.lower().endswith(".gz") for path in files)
