"""Lists the images of tar files and their classes, by the headers of their members: nothing is unpacked."""

import os
import tarfile
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, Shaped
from torch.utils.data import DataLoader

from zoo.data.errors_as_batches import ErrorsAsBatches, keep_batch
from zoo.data.file_names import is_system_folder, printable
from zoo.data.images.files import IMAGES
from zoo.data.split_names import split_of
from zoo.errors import ZooError, first_line
from zoo.regular_files import open_regular

_CLASS = ".cls"  # of a sample, as WebDataset writes it
_CLASS_BYTES = 256
_SHOWN = 5  # names in a message
_FEW = 4  # tar files that are read without worker processes


class Listing(NamedTuple):
    """The images of one tar file."""

    names: list[bytes]
    """Encoded by `os.fsencode`, without a leading `./`."""
    folders: list[tuple[str, ...]]
    """Of each image."""
    classes: list[str] | None
    """The contents of `KEY.cls`, or None if the tar file has no such members."""
    offsets: list[int]
    sizes: list[int]


class Members(NamedTuple):
    """Images in tar files, in arrays: cheap to send to workers even with a million images."""

    paths: Shaped[np.ndarray, " n"]
    """Within their tar file, encoded by `os.fsencode`."""
    labels: Int[np.ndarray, " n"]
    archives: Int[np.ndarray, " n"]
    """The number of the tar file."""
    offsets: Int[np.ndarray, " n"]
    sizes: Int[np.ndarray, " n"]
    """In bytes."""

    def part(self, indices: Int[np.ndarray, " m"]) -> "Members":
        """The images with these indices."""
        return Members(*(values[indices] for values in self))


def list_images(path: Path) -> Listing:
    """Lists the images of a tar file.

    Raises:
        ZooError: no plain tar file, one that is cut short, or an image without its class where others have one.
    """
    try:
        with open_regular(path) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            return _listed(path, tar, os.fstat(file.fileno()).st_size)
    except ZooError:
        raise
    except Exception as error:  # tarfile raises of many kinds on a damaged file
        raise ZooError(f"`{path}` cannot be read as a tar file without compression: {first_line(error)}") from None


def _listed(path: Path, tar: tarfile.TarFile, length: int) -> Listing:
    names, folders, offsets, sizes = [], [], [], []
    keys: list[str] = []
    classes: dict[str, str] = {}
    for entry in tar:
        tar.members = []  # type: ignore[attr-defined]  # a million of them take gigabytes
        place = PurePosixPath(entry.name)
        if not entry.isreg() or any(is_system_folder(part) for part in place.parts[:-1]):
            continue
        if entry.issparse():
            raise ZooError(f"`{path}` has the sparse file `{printable(entry.name)}`: write it without --sparse")
        if entry.offset_data + entry.size > length:
            raise ZooError(f"`{path}` ends within `{printable(entry.name)}`: the tar file is cut short")
        key = str(place.parent / place.name.partition(".")[0])
        if place.name.lower().endswith(_CLASS):
            classes[key] = _text(tar, entry)
        elif IMAGES.accepts(place.name):
            names.append(os.fsencode(str(place)))
            folders.append(place.parent.parts)
            keys.append(key)
            offsets.append(entry.offset_data)
            sizes.append(entry.size)
    if not names:
        raise ZooError(f"`{path}` has no images")
    if classes and (lacking := [key for key in keys if key not in classes]):
        raise ZooError(f"`{path}` has no {lacking[0]}{_CLASS}, the class of an image ({len(lacking)} such images)")
    return Listing(names, folders, [classes[key] for key in keys] if classes else None, offsets, sizes)


def _text(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    content = tar.extractfile(entry)
    assert content is not None
    return printable(os.fsdecode(content.read(_CLASS_BYTES)).strip())


def list_all(paths: Sequence[Path], workers: int) -> list[Listing]:
    """Lists the images of all tar files; a million images take a minute of one core.

    Raises:
        ZooError: as `list_images`.
    """
    loader: DataLoader[Any] = DataLoader(
        ErrorsAsBatches(_Lazy(paths)),
        batch_size=None,
        sampler=range(len(paths)),
        num_workers=workers if len(paths) > _FEW else 0,
        collate_fn=keep_batch,
    )
    found = []
    for each in loader:
        if isinstance(each, ZooError):
            raise each
        found.append(each)
    return found


class _Lazy:
    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Listing:
        return list_images(self.paths[index])


def classes_of(paths: Sequence[Path], listings: Sequence[Listing]) -> list[list[str]]:
    """The class of each image of each tar file.

    That is the content of `KEY.cls`; without such members the first folder below those that all images share; without
    folders the name of the tar file.

    Raises:
        ZooError: the tar files differ in this, or the folders are those of splits.
    """
    if any(listing.classes is not None for listing in listings):
        for path, listing in zip(paths, listings, strict=True):
            if listing.classes is None:
                raise ZooError(f"`{path}` has no KEY{_CLASS} beside its images, and other tar files have them")
        return [listing.classes or [] for listing in listings]
    folders = {folder for listing in listings for folder in listing.folders}
    if folders == {()}:
        return [[printable(path.stem)] * len(listing.names) for path, listing in zip(paths, listings, strict=True)]
    ends = zip(min(folders), max(folders), strict=False)
    depth = len([*takewhile(lambda pair: pair[0] == pair[1], ends)]) if len(folders) > 1 else 0
    for path, listing in zip(paths, listings, strict=True):
        if shallow := [folder for folder in listing.folders if len(folder) <= depth]:
            raise ZooError(f"`{path}` has {len(shallow)} images beside the folders of the classes")
    names = {folder: printable(folder[depth]) for folder in folders}
    if all(split_of(name) for name in names.values()):
        raise ZooError(
            f"the tar files hold the splits {_list(names.values())}: write a tar file for each, such as train.tar"
        )
    return [[names[folder] for folder in listing.folders] for listing in listings]


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(set(names))[:_SHOWN])
