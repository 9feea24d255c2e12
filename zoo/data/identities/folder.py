"""A folder of pictures for each identity."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import UInt8
from torch import Tensor

from zoo.data.base import Split
from zoo.data.identities.base import Identities, IdentityData, statistics
from zoo.data.identities.splits import SPLITS, split_identities
from zoo.data.images.base import Augmentation, Preprocessing
from zoo.data.images.files import HIDDEN, UnreadableImage, is_image_name, list_images
from zoo.errors import ZooError


class IdentityFolder(IdentityData):
    """`root/NAME/*` with the identities dealt out to the splits, or `root/{train,val,test}/NAME/*` as they lie.

    `val` and `test` are shares of the identities. Pictures are held in memory at `image_size`.

    Raises:
        ZooError: no such folder, fewer than six identities to deal out, an identity in two splits, only some of
            the splits, or a picture or a person beside them.
        UnreadableImage: a picture that cannot be read.
    """

    def __init__(
        self,
        *,
        root: str,
        image_size: int,
        channels: int,
        resize: Literal["squash", "crop"],
        val: float,
        test: float,
        batch_size: int,
        images_per_identity: int,
        steps_per_epoch: int,
        num_workers: int | Literal["auto"],
        seed: int,
        turns: int,
        augmentation: Augmentation | None,
    ) -> None:
        super().__init__(
            batch_size=batch_size,
            images_per_identity=images_per_identity,
            steps_per_epoch=steps_per_epoch,
            num_workers=num_workers,
            seed=seed,
            turns=turns,
            augmentation=augmentation,
        )
        self.root = Path(root).expanduser()
        self.val = val
        self.test = test
        self.fitting = Preprocessing(size=image_size, channels=channels, resize=resize, mean=(), std=())

    def read(self) -> dict[Split, Identities]:
        """The pictures of each split, decoded and brought to the size."""
        if not self.root.is_dir():
            what = "is a file" if self.root.exists() else "does not exist"
            raise ZooError(f"`data.root` (={self.root}) {what}; it must be a folder with a folder for each identity")
        folders = subfolders(self.root, "data.root")
        if _are_splits(folders, self.root):
            return {split: self._pictures(subfolders(self.root / split, "data.root")) for split in SPLITS}
        parts = split_identities(len(folders), self.val, self.test, self.seed)
        return {split: self._pictures([folders[i] for i in parts[split].tolist()]) for split in SPLITS}

    def prepare(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """As asked, with the statistics of the training pictures."""
        mean, std = statistics(train)
        return replace(self.fitting, mean=mean, std=std)

    def _pictures(self, folders: list[Path]) -> Identities:
        images, numbers, names, unreadable = [], [], [], []
        for folder in folders:
            paths = list_images(folder)
            if paths:
                names.append(folder.name)
            for path in paths:
                try:
                    images.append(self.fitting.read(path))
                    numbers.append(len(names) - 1)
                except UnreadableImage as error:
                    unreadable.append(error)
        if unreadable:
            more = f" (and {len(unreadable) - 1} more)" if len(unreadable) > 1 else ""
            raise ZooError(f"{unreadable[0]}{more}; mend or remove it")
        if not images:
            raise ZooError(f"no pictures in the folders of `data.root` (={self.root}), such as {folders[0]}")
        return Identities(images=torch.stack(images), numbers=torch.tensor(numbers), names=names)


def subfolders(root: Path, option: str) -> list[Path]:
    """The folders of the identities below the folder that `option` names, sorted; hidden ones are left out.

    Raises:
        ZooError: there is none, or a picture lies beside them and is nobody's.
    """
    with os.scandir(root) as entries:
        listed = [(Path(entry.path), entry.is_dir()) for entry in entries if not entry.name.startswith(HIDDEN)]
    found = sorted(path for path, is_folder in listed if is_folder)
    if not found:
        raise ZooError(f"`{option}` (={root}) has no folders; it must have a folder of pictures for each identity")
    if loose := sorted(path.name for path, is_folder in listed if not is_folder and is_image_name(path.name)):
        raise ZooError(f"`{option}` (={root}) has {loose[0]} beside its folders: move it into that of its identity")
    return found


def _are_splits(folders: list[Path], root: Path) -> bool:
    """Whether the folders are the splits and not people, of whom none may be called as a split is.

    Raises:
        ZooError: some are.
    """
    names = {folder.name for folder in folders}
    if names.isdisjoint(SPLITS):
        return False
    if names == set(SPLITS):
        return True
    missing, strange = sorted(set(SPLITS) - names), sorted(names - set(SPLITS))
    told = f"lacks {', '.join(missing)}" if missing else f"has {strange[0]} beside them"
    raise ZooError(
        f"`data.root` (={root}) has a folder {min(names & set(SPLITS))} and {told}: "
        f"it must hold train, val and test alone, or none of them"
    )
