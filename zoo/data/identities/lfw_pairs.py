"""Labeled Faces in the Wild with its published test: 6,000 pairs of images."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import UInt8
from sklearn.datasets import fetch_lfw_pairs, fetch_lfw_people, get_data_home
from torch import Tensor

from zoo.data.base import Split
from zoo.data.identities.base import Identities, IdentityData, statistics
from zoo.data.identities.scikit_faces import as_bytes, download, download_people
from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError
from zoo.ops.identities import PER_GROUP


@dataclass(kw_only=True, eq=False)
class LfwPairs(IdentityData):
    """Tests on the pairs of view 2; trains on the people who are in no pair, a fraction `val` of them for validation.

    The set serves to evaluate models trained on other faces: few people remain for training, with few images each.
    Each pair is a group, in the published order, so that ten folds of 300 + 300 pairs are the published folds.
    Files are downloaded once to `root` (null: scikit-learn's data folder).

    Source: Huang et al., Labeled Faces in the Wild: A Database for Studying Face Recognition in Unconstrained
    Environments, 2007.

    Raises:
        ZooError: missing files that cannot be downloaded, or `val` leaves fewer than two people to a split.
    """

    root: str | None
    min_images: int
    image_size: int
    channels: Literal[1, 3]
    val: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.resizing = Preprocessing(size=self.image_size, channels=self.channels, resize="squash", mean=(), std=())

    def read(self) -> dict[Split, Identities]:
        """The people outside the pairs for training and validation, the pairs for test."""
        pairs, paired = self._pairs()
        options = {"data_home": self.root, "color": self.resizing.channels == 3, "resize": 1.0}
        bunch = download_people("lfw_pairs", fetch_lfw_people, self.min_images, **options)
        names = [name.replace(" ", "_") for name in bunch.target_names.tolist()]  # the spelling of the pairs
        free = torch.tensor([i for i, name in enumerate(names) if name not in paired])
        held = round(len(free) * self.val)
        if not 2 <= held <= len(free) - 2:
            raise ZooError(
                f"`data.val` (={self.val}) of the {len(free)} people outside the pairs must leave at least two for "
                f"either split; data.min_images (={self.min_images}) says who counts"
            )
        order = free[torch.randperm(len(free), generator=torch.Generator().manual_seed(self.seed))]
        images, people = self.resizing.resize_images(as_bytes(bunch.images)), torch.from_numpy(bunch.target)
        parts: dict[Split, Tensor] = {"train": order[held:], "val": order[:held]}
        found = {split: torch.isin(people, part) for split, part in parts.items()}
        return {
            split: Identities(
                images=images[rows], numbers=people[rows], names=[names[i] for i in parts[split].tolist()]
            )
            for split, rows in found.items()
        } | {"test": pairs}

    def make_preprocessing(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """Resized without keeping the aspect ratio."""
        mean, std = statistics(train)
        return replace(self.resizing, mean=mean, std=std)

    def _pairs(self) -> tuple[Identities, set[str]]:
        color = self.resizing.channels == 3
        bunch = download("lfw_pairs", fetch_lfw_pairs, subset="10_folds", data_home=self.root, color=color, resize=1.0)
        images = self.resizing.resize_images(as_bytes(bunch.pairs.reshape(-1, *bunch.pairs.shape[2:])))
        groups = torch.arange(len(bunch.target)) * PER_GROUP
        numbers = torch.stack([groups, groups + 1 - torch.from_numpy(bunch.target)], dim=1).flatten()
        lines = Path(get_data_home(self.root), "lfw_home", "pairs.txt").read_text(encoding="utf-8").splitlines()
        words = [line.split("\t") for line in lines]
        paired = {word for row in words if len(row) > 2 for word in row if not word.isdecimal()}
        return Identities(images=images, numbers=numbers, names=sorted(paired)), paired
