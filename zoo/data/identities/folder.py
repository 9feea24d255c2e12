"""Image files in one folder per identity."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import UInt8
from torch import Tensor

from zoo.data.alike_names import log_alike
from zoo.data.base import Split
from zoo.data.class_folders import Files, files_of, log_guessed, named_folders, spelling
from zoo.data.file_names import in_thumbnails
from zoo.data.identities.base import Identities, IdentityData, statistics
from zoo.data.identities.splits import SPLITS, split_identities
from zoo.data.images.base import Preprocessing
from zoo.data.images.files import IMAGES, UnreadableImage
from zoo.data.split_names import split_of
from zoo.errors import ZooError

_log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class IdentityFolder(IdentityData):
    """Image files in `root/NAME/*`, split at random by identity, or in `root/{train,val,test}/NAME/*`.

    `val` and `test` are fractions of the identities. Images are held in memory at `image_size`.

    Names are compared and returned as composed Unicode. Folders and files that are not read are logged, and identities
    whose names differ in capitals or spaces only.

    Raises:
        ZooError: a missing folder, fewer than six identities to split, an identity in two splits or folders, only some
            of the splits, or an image or an identity beside the folders of the splits.
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
        people = identity_folders(self.folder, "data.root")
        if given := _split_folders(list(people.values()), self.folder):
            chosen = {split: self._with_images(identity_folders(given[split], "data.root")) for split in SPLITS}
        else:
            everyone = list(self._with_images(people).items())
            parts = split_identities(len(everyone), self.val, self.test, self.seed)
            chosen = {split: dict(everyone[i] for i in parts[split].tolist()) for split in SPLITS}
        numbered = {split: list(enumerate(part.values())) for split, part in chosen.items()}
        files = files_of(self.folder, numbered, IMAGES, "folder of an identity")
        log_guessed([self.folder, *(given or {}).values()], IMAGES)
        spellings = {name: spelling(path) for part in chosen.values() for name, path in part.items()}
        log_alike(dict(sorted(spellings.items())), "identities", "join their folders")
        return {split: self._images(files[split], list(part)) for split, part in chosen.items()}

    def make_preprocessing(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """As configured, with the statistics of the training images."""
        mean, std = statistics(train)
        return replace(self.resizing, mean=mean, std=std)

    def _with_images(self, people: Mapping[str, Path]) -> dict[str, Path]:
        """The folders with images; logs the others."""
        found = {name: path for name, path in people.items() if IMAGES.names(path)}
        empty = [f"`{name}`" for name in people if name not in found]
        if not found:
            raise ZooError(f"no images in the folders of `data.root` (={self.folder}), such as {empty[0]}")
        if empty:
            more = f" and {len(empty) - 5} more" if len(empty) > 5 else ""
            _log.warning("no identities: folders without images: %s%s", ", ".join(empty[:5]), more)
        return found

    def _images(self, files: Files, names: list[str]) -> Identities:
        images, unreadable = [], []
        for path in files.paths.tolist():
            try:
                images.append(self.resizing.read(self.folder / os.fsdecode(path)))
            except UnreadableImage as error:
                unreadable.append(error)
        if unreadable:
            more = f" (and {len(unreadable) - 1} more)" if len(unreadable) > 1 else ""
            raise ZooError(f"{unreadable[0]}{more}; mend or remove it")
        return Identities(images=torch.stack(images), numbers=torch.from_numpy(files.labels), names=names)


def identity_folders(root: Path, option: str) -> dict[str, Path]:
    """The folders of identities below the folder of `option`, by name, sorted; logs thumbnails, which are left out.

    Raises:
        ZooError: there is none, two names read the same, or an image lies beside them.
    """
    found = named_folders(root)
    for name in [name for name in found if in_thumbnails(f"{name}/")]:
        count = len(IMAGES.names(found.pop(name)))
        _log.warning("not read: `%s` with %d thumbnails; if it is an identity, rename it", name, count)
    if not found:
        raise ZooError(f"`{option}` (={root}) has no folders; it must have a folder of images for each identity")
    if loose := sorted(path.name for path in root.iterdir() if IMAGES.accepts(path.name) and not path.is_dir()):
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
