"""Finds the file of each split in a folder."""

from collections.abc import Sequence
from pathlib import Path

from zoo.data.base import Split
from zoo.data.split_names import split_of
from zoo.errors import ZooError


def split_files(path: Path, endings: Sequence[str]) -> dict[Split, Path]:
    """The files of a folder that are named for train, val and test, or the file `path` for training.

    Raises:
        ZooError: two files for one split, or none for training.
    """
    if not path.is_dir():
        return {"train": path}
    files: dict[Split, Path] = {}
    for file in sorted(path.iterdir()):
        name = split_of(file.name.partition(".")[0])
        if name is not None and {suffix.lower() for suffix in file.suffixes} & {*endings}:
            if name in files:
                raise ZooError(f"{path} has two files for {name}: {files[name].name} and {file.name}")
            files[name] = file
    if "train" not in files:
        raise ZooError(f"{path} has no file train with one of: {', '.join(endings)}")
    return files
