"""Image files in one folder per identity."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import UInt8
from torch import Tensor

from zoo.data.base import Split
from zoo.data.file_names import is_system_folder, printable
from zoo.data.identities.base import Identities, IdentityData, statistics
from zoo.data.identities.splits import SPLITS, split_identities
from zoo.data.images.base import Preprocessing
from zoo.data.images.files import IMAGES, UnreadableImage, list_images
from zoo.data.split_names import split_of
from zoo.errors import ZooError


@dataclass(kw_only=True, eq=False)
class IdentityFolder(IdentityData):
    """Image files in `root/NAME/*`, split at random by identity, or in `root/{train,val,test}/NAME/*`.

    `val` and `test` are fractions of the identities. Images are held in memory at `image_size`.

    Raises:
        ZooError: a missing folder, fewer than six identities to split, an identity in two splits, only some of the
            splits, or an image or an identity beside the folders of the splits.
        UnreadableImage: an image that cannot be read.
    """

    root: str
    image_size: int
    channels: int
    resize: Literal["squash", "crop"]
    val: float
    test: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.folder = Path(self.root).expanduser()
        self.resizing = Preprocessing(size=self.image_size, channels=self.channels, resize=self.resize, mean=(), std=())

    def read(self) -> dict[Split, Identities]:
        """The images of each split, decoded and resized."""
        if not self.folder.is_dir():
            what = "is a file" if self.folder.exists() else "does not exist"
            raise ZooError(f"`data.root` (={self.folder}) {what}; it must be a folder with a folder for each identity")
        folders = subfolders(self.folder, "data.root")
        if given := _split_folders(folders, self.folder):
            return {split: self._images(subfolders(given[split], "data.root")) for split in SPLITS}
        parts = split_identities(len(folders), self.val, self.test, self.seed)
        return {split: self._images([folders[i] for i in parts[split].tolist()]) for split in SPLITS}

    def make_preprocessing(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """As configured, with the statistics of the training images."""
        mean, std = statistics(train)
        return replace(self.resizing, mean=mean, std=std)

    def _images(self, folders: list[Path]) -> Identities:
        images, numbers, names, unreadable = [], [], [], []
        for folder in folders:
            paths = list_images(folder)
            if paths:
                names.append(printable(folder.name))
            for path in paths:
                try:
                    images.append(self.resizing.read(path))
                    numbers.append(len(names) - 1)
                except UnreadableImage as error:
                    unreadable.append(error)
        if unreadable:
            more = f" (and {len(unreadable) - 1} more)" if len(unreadable) > 1 else ""
            raise ZooError(f"{unreadable[0]}{more}; mend or remove it")
        if not images:
            raise ZooError(f"no images in the folders of `data.root` (={self.folder}), such as {folders[0]}")
        return Identities(images=torch.stack(images), numbers=torch.tensor(numbers), names=names)


def subfolders(root: Path, option: str) -> list[Path]:
    """The sorted folders of identities below the folder of `option`, without hidden ones.

    Raises:
        ZooError: there is none, or an image lies beside them.
    """
    with os.scandir(root) as entries:
        listed = [(Path(entry.path), entry.is_dir()) for entry in entries if not is_system_folder(entry.name)]
    found = sorted(path for path, is_folder in listed if is_folder)
    if not found:
        raise ZooError(f"`{option}` (={root}) has no folders; it must have a folder of images for each identity")
    if loose := sorted(path.name for path, is_folder in listed if not is_folder and IMAGES.accepts(path.name)):
        raise ZooError(f"`{option}` (={root}) has {loose[0]} beside its folders: move it into that of its identity")
    return found


def _split_folders(folders: list[Path], root: Path) -> dict[Split, Path] | None:
    """The folders of the splits, by any of their usual names; None if the folders are those of identities.

    Raises:
        ZooError: some folders have the name of a split and some do not, or two name one split.
    """
    named = [(split, folder) for folder in folders if (split := split_of(folder.name))]
    found = dict(named)
    plain = any(folder.name in SPLITS for folder in folders)
    if len(found) < 2 and not plain:  # a person may be called Val
        return None
    if len(named) == len(folders) == len(SPLITS) == len(found):
        return found
    names = {folder.name for _, folder in named}
    missing, strange = [split for split in SPLITS if split not in found], [f for f in folders if f.name not in names]
    difference = f"lacks {', '.join(sorted(missing))}" if missing else "has two folders of one split"
    if strange and not missing:
        difference = f"has {strange[0].name} beside them"
    raise ZooError(
        f"`data.root` (={root}) has a folder {min(names)} and {difference}: "
        f"it must hold train, val and test alone, or none of them"
    )
