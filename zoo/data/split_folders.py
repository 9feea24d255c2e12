"""Tells the folders of splits from those of classes."""

import logging
import os
from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from zoo.data.base import Split
from zoo.data.file_names import FileKind, is_system_folder, printable
from zoo.data.split_names import is_filler, loose_split_of, split_of
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
    inner = {name: set(subfolder_names(root / name)) for name in subfolder_names(root)}
    named = {name: split for name in inner if (split := split_of(name))}
    loose = {name: split for name in inner if (split := loose_split_of(name))}
    if any(inner[name] for name, split in named.items() if split == "train"):
        return _read(root, _by_split(loose | named), inner, kind)
    if any(inner[a] & inner[b] for a, b in combinations(loose, 2) if {"train"} < {loose[a], loose[b]}):
        return _read(root, _by_split(loose), inner, kind)
    if len(loose) == len(inner) and len(set(loose.values())) > 1:
        named = loose
    if named:
        _require_classes(root, list(named), inner, kind)
    for name in loose.keys() - named.keys():
        _log.warning("`%s` is read as a class", printable(name))
    if len(inner) > 1:  # a single one holds the data, and is named as such
        _require_no_splits_within(root, inner)
        _log_equal_folders(inner)
    return {"train": root}


def _by_split(named: Mapping[str, Split]) -> dict[Split, list[str]]:
    found: dict[Split, list[str]] = defaultdict(list)
    for name, split in named.items():
        found[split].append(name)
    return found


def _read(
    root: Path, named: Mapping[Split, list[str]], inner: Mapping[str, set[str]], kind: FileKind
) -> dict[Split, Path]:
    """The splits, of which `train` holds folders; `inner` has the names of the folders in each folder of `root`."""
    train = named["train"][0]
    splits = [name for names in named.values() for name in names]
    filled = [name for name in inner if name not in splits and kind.names(root / name)]
    if filled and len(named) == 1:
        alike = [name for name in filled if inner[name] & inner[train]]
        split = f"; if {_list(alike[:1])} is a split, too, rename it to val or test" if alike else ""
        raise ZooError(
            f"`{root}` has the folder `{train}`, which may be a split or a class, beside {_list(filled)}: if it holds "
            f"the classes, give data.root={root / train}; if it is a class, rename it, such as to `{train}s`{split}"
        )
    found: dict[Split, Path] = {}
    for split, names in named.items():
        if len(names) > 1:
            raise ZooError(f"`{root}` has {_list(names)}, and each is a {split} folder: join them, or move one away")
        folder = _descend(root / names[0], split)
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


def _descend(folder: Path, split: Split) -> Path:
    """The folder of the classes: where an archive has doubled a split (seg_train/seg_train), or in train/images."""
    while len(names := subfolder_names(folder)) == 1 and (split_of(names[0]) == split or is_filler(names[0])):
        if not subfolder_names(folder / names[0]):
            break
        folder = folder / names[0]
    return folder


def _require_classes(root: Path, names: list[str], inner: Mapping[str, set[str]], kind: FileKind) -> None:
    """Refuses to take the folder of a split for a class; `train` and `valid` may be classes."""
    if len(names) > 1:
        raise ZooError(
            f"`{root}` has the split folders {_list(names)}, and no training folder that holds folders of classes: "
            f"sort the {kind.noun} into {root / 'train'}/CLASS/"
        )
    (name,) = names
    others = [other for other in inner if other != name]
    if not others:
        raise ZooError(
            f"`{root}` has the folder `{printable(name)}` alone, which names a split: move its class folders into "
            f"{root / 'train'}"
        )
    if name.casefold() not in _NOUNS or inner[name] & set(others):
        raise ZooError(
            f"`{root}` has the folder `{printable(name)}`, which names a split, beside {_list(others)}: move the class "
            f"folders into {root / 'train'}; if it is a class, rename it, such as to `{printable(name)}s`"
        )
    _log.warning("`%s` is read as a class beside %s", printable(name), _list(others))


def _require_no_splits_within(root: Path, inner: Mapping[str, set[str]]) -> None:
    """Refuses splits below the classes, which would be read as one split."""
    for name, folders in inner.items():
        found = {folder: split for folder in sorted(folders) if (split := split_of(folder))}
        if len(set(found.values())) > 1:
            train, other = root / "train" / printable(name), root / "test" / printable(name)
            raise ZooError(
                f"`{root / printable(name)}` holds the split folders {_list(list(found))}: put the splits above the "
                f"classes, such as {train} and {other}"
            )


def _log_equal_folders(inner: Mapping[str, set[str]]) -> None:
    """Names folders that all hold the same folders: those of splits in other words, or parts of each class."""
    folders = list(inner.values())
    if len(folders[0]) > 1 and all(each == folders[0] for each in folders):
        text = "read as classes: %s, which all hold the folders %s; if these are the classes, name the folders above "
        _log.warning(text + "them train, val and test", _list(list(inner)), _list(sorted(folders[0])))


def _list(names: list[str]) -> str:
    shown = ", ".join(f"`{printable(name)}`" for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
