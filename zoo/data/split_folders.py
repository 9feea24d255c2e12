"""Tells the folders of splits from those of classes."""

import logging
import os
from collections import defaultdict
from pathlib import Path

from zoo.data.base import Split
from zoo.data.file_names import FileKind, is_system_folder, printable
from zoo.data.split_names import split_of
from zoo.errors import ZooError

_log = logging.getLogger(__name__)
_NOUNS = ("train", "valid")  # names of a split that are plausible classes: a vehicle; not expired


def subfolder_names(folder: Path) -> list[str]:
    """The sorted names of the folders in `folder`, without those of the system."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not is_system_folder(entry.name))


def split_folders(root: Path, kind: FileKind) -> dict[Split, Path]:
    """The folder of each split; `root` itself is that of training if its folders are the classes.

    A split may have any usual name (`zoo.data.split_names`). Folders that are not read are logged.

    Raises:
        ZooError: the folders of `root` may be splits as well as classes, or two folders name one split.
    """
    named: dict[Split, list[str]] = defaultdict(list)
    others = []
    for name in subfolder_names(root):
        split = split_of(name)
        if split is None:
            others.append(name)
        else:
            named[split].append(name)
    if any(subfolder_names(root / name) for name in named.get("train", [])):
        return _read(root, named, others, kind)
    if named:
        _require_classes(root, named, others, kind)
    return {"train": root}


def _read(root: Path, named: dict[Split, list[str]], others: list[str], kind: FileKind) -> dict[Split, Path]:
    """The splits, of which `train` holds folders."""
    filled = [name for name in others if kind.names(root / name)]
    if filled and len(named) == 1:
        train = named["train"][0]
        raise ZooError(
            f"`{root}` has the folder `{train}`, which may be a split or a class, beside {_list(filled)}: if it holds "
            f"the classes, give data.root={root / train}; if it is a class, rename it, such as to `{train}s`"
        )
    found: dict[Split, Path] = {}
    for split, names in named.items():
        if len(names) > 1:
            raise ZooError(f"`{root}` has {_list(names)}, and each is a {split} folder: join them, or move one away")
        folder = _inner(root / names[0], split)
        if subfolder_names(folder):
            found[split] = folder
        elif count := len(kind.names(folder)):
            _log.warning("not read: %s has %d %s and no class folders", printable(folder), count, kind.noun)
        else:
            _log.warning("not read: %s has no class folders", printable(folder))
    for name in filled:
        count = len(kind.names(root / name))
        _log.warning("not read: %s with %d %s", printable(root / name), count, kind.noun)
    if any(folder.name != split for split, folder in found.items()):
        read = ", ".join(f"{split} from {printable(folder.relative_to(root))}" for split, folder in found.items())
        _log.warning("splits: %s", read)
    return found


def _inner(folder: Path, split: Split) -> Path:
    """The folder of the same split within, where an archive has doubled it (seg_train/seg_train), or the folder."""
    names = subfolder_names(folder)
    doubled = len(names) == 1 and split_of(names[0]) == split
    return folder / names[0] if doubled and subfolder_names(folder / names[0]) else folder


def _require_classes(root: Path, named: dict[Split, list[str]], others: list[str], kind: FileKind) -> None:
    """Refuses to take the folder of a split for a class; `train` and `valid` may be classes."""
    names = [name for group in named.values() for name in group]
    if len(names) > 1:
        raise ZooError(
            f"`{root}` has the split folders {_list(names)}, and no training folder that holds folders of classes: "
            f"sort the {kind.noun} into {root / 'train'}/CLASS/"
        )
    (name,) = names
    shared = set(subfolder_names(root / name)) & set(others)
    if name.casefold() not in _NOUNS or shared:
        raise ZooError(
            f"`{root}` has the folder `{printable(name)}`, which names a split, beside {_list(others)}: move the class "
            f"folders into {root / 'train'}; if it is a class, rename it, such as to `{printable(name)}s`"
        )
    if others:
        _log.warning("`%s` is read as a class beside %s", printable(name), _list(others))


def _list(names: list[str]) -> str:
    shown = ", ".join(f"`{printable(name)}`" for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
