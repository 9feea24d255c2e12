"""Finds image files in class folders, which may lie in folders of splits."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from zoo.data.images.files import HIDDEN, image_names, is_image_name
from zoo.errors import ZooError

SPLIT_NAMES = {"train": ("train", "training"), "val": ("val", "valid", "validation"), "test": ("test", "testing")}
_LAYOUT = "data.root=FOLDER must hold a folder of images for each class, or train/ val/ test/ with such folders"


class Files(NamedTuple):
    """Image files and their classes, in two arrays: cheap to send to workers even with a million files."""

    paths: Shaped[np.ndarray, " n"]
    """Encoded by `os.fsencode`, relative to the root."""
    labels: Int[np.ndarray, " n"]

    def part(self, indices: Int[np.ndarray, " m"]) -> "Files":
        """The files with these indices."""
        return Files(self.paths[indices], self.labels[indices])


def find_files(root: Path) -> tuple[dict[str, Files], list[str]]:
    """Finds the image files of each split, and the sorted class names.

    Without a folder `root/train` that holds folders, all files belong to the split `train`.

    Raises:
        ZooError: a missing or empty folder, a class folder without images, fewer than two classes, or a class that
            is missing from training.
    """
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise ZooError(f"the data folder `{root}` {what}: {_LAYOUT}")
    splits = _split_folders(root)
    names = _class_names(splits["train"])
    found = {}
    for split, folder in splits.items():
        if strange := sorted(set(_folders(folder)) - set(names)):
            raise ZooError(f"class `{strange[0]}` is in `{folder}` but not in `{splits['train']}`")
        found[split] = _files(root, folder, names)
    return found, names


def _split_folders(root: Path) -> dict[str, Path]:
    found = {split: root / name for split, names in SPLIT_NAMES.items() for name in names if (root / name).is_dir()}
    return found if "train" in found and _folders(found["train"]) else {"train": root}


def _class_names(folder: Path) -> list[str]:
    names = _folders(folder)
    if not names:
        if not any(folder.iterdir()):
            raise ZooError(f"the data folder `{folder}` is empty: {_LAYOUT}")
        if any(is_image_name(path.name) for path in folder.iterdir()):
            raise ZooError(f"the data folder `{folder}` has images but no class folders: {_LAYOUT}")
        raise ZooError(f"the data folder `{folder}` has no class folders: {_LAYOUT}")
    if len(names) == 1:
        raise ZooError(f"the data folder `{folder}` has one class, `{names[0]}`: at least two are needed")
    return names


def _folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir()]
    return sorted(name for name in names if not name.startswith(HIDDEN))


def _files(root: Path, folder: Path, names: list[str]) -> Files:
    """The files of each class; one array per class keeps a million names out of Python objects."""
    paths: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for label, name in enumerate(names):
        if not (folder / name).is_dir():
            continue  # validation and test may lack a class
        images = image_names(folder / name)
        if not images:
            raise ZooError(f"the class folder `{folder / name}` has no images")
        start = f"{(folder / name).relative_to(root).as_posix()}/"
        paths.append(np.array([os.fsencode(start + image) for image in images]))
        labels.append(np.full(len(images), label))
    if not paths:
        raise ZooError(f"the folder `{folder}` has no class folders")
    return Files(np.concatenate(paths), np.concatenate(labels))
