"""Finds files in class folders, which may lie in folders of splits."""

import logging
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from zoo.data.alike_names import log_alike
from zoo.data.base import Split
from zoo.data.file_names import FileKind, file_names, fold, guessed_system_folders, in_thumbnails, printable
from zoo.data.split_folders import split_folders, subfolder_names
from zoo.errors import ZooError

_log = logging.getLogger(__name__)
_LAYOUT = "data.root=FOLDER must hold a folder of {} for each class, or train/ val/ test/ with such folders"


class Files(NamedTuple):
    """Files and their labels, in two arrays: cheap to send to workers even with a million files."""

    paths: Shaped[np.ndarray, " n"]
    """Encoded by `os.fsencode`, relative to the root."""
    labels: Shaped[np.ndarray, " n"]
    """Class indices, or the numbers of a regression."""

    def part(self, indices: Int[np.ndarray, " m"]) -> "Files":
        """The files with these indices."""
        return Files(self.paths[indices], self.labels[indices])


def find_files(root: Path, kind: FileKind) -> tuple[dict[Split, Files], list[str]]:
    """Finds the files of a kind in each split, and the sorted class names.

    Without a training folder that holds folders, all files belong to the split `train`. Class names are compared and
    returned as composed Unicode. Files that are not read are counted and logged, thumbnails among them.

    Raises:
        ZooError: a missing or empty folder, folders that may be splits or classes, a class folder without files,
            fewer than two classes, a class that is missing from training, or a folder in two splits or classes.
    """
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise ZooError(f"the data folder `{root}` {what}: {_LAYOUT.format(kind.noun)}")
    splits = split_folders(root, kind)
    known = named_folders(splits["train"])
    names = _class_names(splits["train"], list(known), kind)
    numbered: dict[Split, list[tuple[int, Path]]] = {}
    for split, folder in splits.items():
        classes = named_folders(folder)
        if strange := sorted(set(classes) - set(names)):
            alike = [f"`{name}`" for name, path in known.items() if spelling(path) == spelling(classes[strange[0]])]
            hint = f", which has {alike[0]}: give both one name" if alike else ""
            raise ZooError(f"class `{strange[0]}` is in `{folder}` but not in `{splits['train']}`{hint}")
        numbered[split] = [(names.index(name), path) for name, path in classes.items()]
    found = files_of(root, numbered, kind, "class folder")
    log_guessed([root, *splits.values()], kind)
    log_alike({name: spelling(path) for name, path in known.items()}, "classes", "join their folders")
    return found, names


def files_of(
    root: Path, folders: Mapping[Split, Sequence[tuple[int, Path]]], kind: FileKind, noun: str
) -> dict[Split, Files]:
    """The files of a kind in numbered folders below `root`; `noun` names such a folder in messages.

    Files that are not read are counted and logged, thumbnails among them.

    Raises:
        ZooError: a folder without files, or one folder under two numbers or in two splits by a symbolic link.
    """
    unread: Counter[str] = Counter()
    found = {split: _files(root, numbered, kind, noun, unread) for split, numbered in folders.items()}
    _require_apart(root, found)
    for parent in {path.parent: None for numbered in folders.values() for _, path in numbered}:
        unread.update(f"{printable(parent.name)}/{entry.name}" for entry in parent.iterdir() if _is_loose(entry, kind))
    if unread:
        kinds = ", ".join(f"{kind} ({count})" for kind, count in unread.most_common(5))
        _log.warning("not read: %d files that are no %s in a %s: %s", unread.total(), kind.noun, noun, kinds)
    return found


def _class_names(folder: Path, names: list[str], kind: FileKind) -> list[str]:
    if not names:
        layout = _LAYOUT.format(kind.noun)
        if not any(folder.iterdir()):
            raise ZooError(f"the data folder `{folder}` is empty: {layout}")
        if any(kind.accepts(path.name) for path in folder.iterdir()):
            raise ZooError(f"the data folder `{folder}` has {kind.noun} but no class folders: {layout}")
        raise ZooError(f"the data folder `{folder}` has no class folders: {layout}")
    if len(names) == 1:
        inner = folder / names[0]
        while len(below := subfolder_names(inner)) == 1:
            inner = inner / below[0]
        hint = f"; if it holds the classes, give data.root={inner}" if below else ""
        raise ZooError(f"the data folder `{folder}` has one class, `{names[0]}`: at least two are needed{hint}")
    return names


def named_folders(folder: Path) -> dict[str, Path]:
    """The folders in `folder`, without those of the system, by their names as composed Unicode, sorted.

    Raises:
        ZooError: two names that read the same.
    """
    found: dict[str, Path] = {}
    for name in subfolder_names(folder):
        if (label := printable(name)) in found:
            raise ZooError(f"`{folder}` has two folders that read `{label}`, in different characters: join them")
        found[label] = folder / name
    return dict(sorted(found.items()))


def _files(root: Path, folders: Sequence[tuple[int, Path]], kind: FileKind, noun: str, unread: Counter[str]) -> Files:
    """The files of the folders; one array per folder keeps a million names out of Python objects.

    Adds the endings of other files to `unread`.
    """
    paths: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for label, folder in folders:
        names = file_names(folder)
        accepted = [name for name in names if kind.accepts(name)]
        if not accepted:
            raise ZooError(f"the {noun} `{folder}` has no {kind.noun}")
        if len(accepted) < len(names):
            unread.update(Path(name).suffix.lower() or "no ending" for name in names if not kind.accepts(name))
        if full := [name for name in accepted if not in_thumbnails(name)]:
            unread.update(["thumbnails"] * (len(accepted) - len(full)))
            accepted = full
        start = f"{folder.relative_to(root).as_posix()}/"
        paths.append(np.array([os.fsencode(start + name) for name in accepted]))
        labels.append(np.full(len(accepted), label))
    return Files(np.concatenate(paths), np.concatenate(labels))


def spelling(path: Path) -> str:
    """A key that is equal for names in other capitals, with other spaces around, or in Latin-1 in place of UTF-8."""
    name = os.fsencode(path.name)
    try:
        return fold(name.decode("utf-8")).strip()
    except UnicodeDecodeError:
        return fold(name.decode("latin-1")).strip()


def _require_apart(root: Path, found: Mapping[Split, Files]) -> None:
    """Refuses symbolic links by which one folder is in two splits or classes."""
    where: dict[Path, tuple[Split, int, Path]] = {}
    for split, files in found.items():
        parents = map(os.path.dirname, files.paths)  # one at a time: a million names as a list take 100 MB
        for label, parent in sorted({*zip(map(int, files.labels), parents, strict=True)}):
            folder = Path(os.fsdecode(parent))
            first = where.setdefault((root / folder).resolve(), (split, label, folder))
            if first[:2] != (split, label):
                both = f"`{printable(first[2])}` and `{printable(folder)}`"
                raise ZooError(f"`{root}`: {both} are one folder by a symbolic link: remove one of them")


def _is_loose(path: Path, kind: FileKind) -> bool:
    return kind.accepts(path.name) and path.is_file()


def log_guessed(folders: Iterable[Path], kind: FileKind) -> None:
    """Logs folders with files of a kind that are taken for those of a storage box by a sign alone."""
    for folder in sorted({*folders}):
        for name in guessed_system_folders(folder):
            if count := len(kind.names(folder / name)):
                text = "not read: `%s` with %d %s: storage boxes name their own folders so; if it is yours, rename it"
                _log.warning(text, printable(folder / name), count, kind.noun)
