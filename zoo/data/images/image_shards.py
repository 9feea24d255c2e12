"""Images in tar files: a few large files in place of a million small ones."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.base import Split
from zoo.data.file_names import FileKind, printable
from zoo.data.images.image_folder import ImageFolder
from zoo.data.images.lazy_files import ImageFiles
from zoo.data.images.tar_index import Members, classes_of, list_all
from zoo.data.images.tar_member import TarMember
from zoo.data.split_names import loose_split_of, split_of
from zoo.errors import ZooError, unknown
from zoo.hardware import data_workers
from zoo.regular_files import read_text

TARS = FileKind("tar files", (".tar",))
_NAMES = ("classes.txt", "classnames.txt")
_LAYOUT = "data.root=FOLDER must hold train.tar, or train-000.tar, train-001.tar, …; val and test alike"


class ShardedImages(ImageFiles):
    """Labeled images in tar files, each read at its place."""

    def __init__(self, archives: Sequence[Path], *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.archives = archives

    def path(self, index: int) -> TarMember:
        """The place of an image."""
        files: Any = self.files
        where = self.archives[files.archives[index]]
        return TarMember(where, os.fsdecode(files.paths[index]), int(files.offsets[index]), int(files.sizes[index]))


@dataclass(kw_only=True, eq=False)
class ImageShards(ImageFolder):
    """Photographs in tar files without compression, of which `root` holds one or more for each split.

    The headers tell the place of every image. So splits, shuffled order, resume and several processes are exactly those
    of an image folder. The class of an image is `KEY.cls` beside `KEY.jpg` (WebDataset's form), its folder, or the name
    of the tar file, as ImageNet's archives have it. Numbers as classes have their names in the lines of `classes.txt`.

    Raises:
        ZooError: a value out of its range.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.archives: list[Path] = []
        """All tar files; set by `find`."""

    def find(self, root: Path) -> tuple[dict[Split, Members], list[str]]:
        """Lists the images of all tar files.

        Raises:
            ZooError: no tar files, one that cannot be read, or classes that are missing from training.
        """
        by_split = _archives(root)
        self.archives = [path for paths in by_split.values() for path in paths]
        listings = list_all(self.archives, data_workers(self.num_workers))
        classes = classes_of(self.archives, listings)
        splits = np.repeat([*by_split], [len(paths) for paths in by_split.values()])
        names, labels = _numbered(root, [*zip(splits.tolist(), classes, self.archives, strict=True)])
        found = {}
        for split in by_split:
            chosen = np.flatnonzero(splits == split)
            counts = [len(listings[number].names) for number in chosen]
            found[split] = Members(
                np.concatenate([np.array(listings[number].names) for number in chosen]),
                np.concatenate([labels[number] for number in chosen]),
                np.repeat(chosen, counts),
                np.concatenate([np.array(listings[number].offsets) for number in chosen]),
                np.concatenate([np.array(listings[number].sizes) for number in chosen]),
            )
        return found, names

    def images(self, root: Path, files: Members, split: Split) -> ShardedImages:
        """The images of a split, which are read when they are needed."""
        usual = super().images(root, files, split)
        return ShardedImages(self.archives, root, files, usual.read, random_crop=usual.random_crop)


def _archives(root: Path) -> dict[Split, list[Path]]:
    """The tar files of each split, by the name of their folder, or by their own."""
    names = TARS.names(root) if root.is_dir() else []
    if not names:
        what = "has no tar files" if root.is_dir() else "is a file" if root.exists() else "does not exist"
        raise ZooError(f"the data folder `{root}` {what}: {_LAYOUT}")
    found: dict[Split | None, list[Path]] = {}
    for name in names:
        path = Path(name)
        in_folders = [split for part in path.parts[:-1] if (split := split_of(part))]
        split = in_folders[0] if in_folders else loose_split_of(path.stem)
        found.setdefault(split, []).append(root / path)
    unnamed = found.pop(None, [])
    if unnamed and found:
        raise ZooError(f"the name of `{printable(unnamed[0])}` has no split, and others have one: {_LAYOUT}")
    if unnamed:
        return {"train": unnamed}
    if "train" not in found:
        raise ZooError(f"`{root}` has tar files for {' and '.join(map(str, found))}, and none for training: {_LAYOUT}")
    return found  # type: ignore[return-value]


def _numbered(root: Path, given: list[tuple[str, list[str], Path]]) -> tuple[list[str], list[np.ndarray]]:
    """The class names, and the number of each image's class in each tar file; `given` has split, classes and file."""
    known = {name for split, classes, _ in given if split == "train" for name in classes}
    numbers = all(name.isascii() and name.isdigit() for name in known)
    names = sorted(known, key=int) if numbers else sorted(known)
    if len(names) < 2:
        raise ZooError(f"`{root}` has one class, `{names[0]}`: at least two are needed")
    place = {name: number for number, name in enumerate(names)}
    labels = []
    for _, classes, path in given:
        if strange := set(classes) - known:
            raise ZooError(f"`{path}`: {unknown('class', min(strange), known)}, in training")
        labels.append(np.array([place[name] for name in classes], np.int64))
    return _named(root, names) if numbers else names, labels


def _named(root: Path, numbers: list[str]) -> list[str]:
    """Replaces numbers by the lines of `classes.txt`, counted from 0, where there is one."""
    for path in (root / name for name in _NAMES):
        if path.exists():
            lines = [line.strip() for line in read_text(path).splitlines() if line.strip()]
            if int(numbers[-1]) >= len(lines):
                raise ZooError(f"`{path}` has {len(lines)} names, and the images have the class {numbers[-1]}")
            if len(lines) != len(numbers):
                raise ZooError(f"`{path}` has {len(lines)} names, and training has images of {len(numbers)} classes")
            return lines
    return numbers
