"""Finds volumes: a folder of files per class, or a stack of volumes per class."""

import os
from pathlib import Path

import numpy as np

from zoo.data.base import Split
from zoo.data.class_folders import Files, find_files
from zoo.data.volumes.datasets import Items
from zoo.data.volumes.files import STACKS, VOLUMES, read_header
from zoo.errors import ZooError


def find_volumes(root: Path) -> tuple[list[Path], dict[Split, Items], list[str]]:
    """Finds the volumes of each split: all files, the items of each split, and the class names.

    Raises:
        ZooError: no such layout, or fewer than two classes.
    """
    stacks = sorted(path for path in root.glob("*") if path.name.lower().endswith(STACKS)) if root.is_dir() else []
    if not stacks:
        found, names = find_files(root, VOLUMES)
        return _items_of_files(root, found, names)
    if len(stacks) == 1:
        raise ZooError(
            f"`{root}` has one stack, {stacks[0].name}, so one class: add a file for each other class, such as desk.npy"
        )
    counts = [read_header(path, stack=True).shape[0] for path in stacks]
    places = np.concatenate([np.stack([np.full(n, i), np.arange(n)], axis=1) for i, n in enumerate(counts)])
    names = [path.name.partition(".")[0] for path in stacks]
    return stacks, {"train": Items(places, places[:, 0].copy())}, names


def _items_of_files(
    root: Path, found: dict[Split, Files], names: list[str]
) -> tuple[list[Path], dict[Split, Items], list[str]]:
    files: list[Path] = []
    items: dict[Split, Items] = {}
    for split, part in found.items():
        numbers = np.arange(len(files), len(files) + len(part.paths))
        files += [root / os.fsdecode(name) for name in part.paths]
        items[split] = Items(np.stack([numbers, np.full(len(numbers), -1)], axis=1), part.labels)
    return files, items, names
