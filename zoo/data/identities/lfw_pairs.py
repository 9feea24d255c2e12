"""Labeled Faces in the Wild as it is measured: on the 6,000 published pairs of pictures."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import UInt8
from sklearn.datasets import fetch_lfw_pairs, fetch_lfw_people, get_data_home
from torch import Tensor

from zoo.data.base import Split
from zoo.data.identities.base import Identities, IdentityData, statistics
from zoo.data.identities.scikit_faces import as_bytes, download, download_people
from zoo.data.images.base import Augmentation, Preprocessing
from zoo.errors import ZooError
from zoo.ops.identities import PER_GROUP


class LfwPairs(IdentityData):
    """Tests on the pairs of view 2; trains on the people who are in none of them, a share `val` kept for the threshold.

    Those people are few and have few pictures each: the set is here to measure models that were trained on other
    faces. Each pair is a group of its own, in the published order, so that ten folds of 300 + 300 are the published
    ones. Downloaded once to `root` (scikit-learn's own folder where null).

    Labeled Faces in the Wild: A Database for Studying Face Recognition in Unconstrained Environments (Huang et al.
    2007).

    Raises:
        ZooError: no way to download what is not there, or `val` leaves fewer than two people to a split.
    """

    def __init__(
        self,
        *,
        root: str | None,
        least_pictures: int,
        image_size: int,
        channels: Literal[1, 3],
        val: float,
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
        self.root = root
        self.least_pictures = least_pictures
        self.val = val
        self.fitting = Preprocessing(size=image_size, channels=channels, resize="squash", mean=(), std=())

    def read(self) -> dict[Split, Identities]:
        """The people outside the pairs, and the pairs."""
        pairs, paired = self._pairs()
        options = {"data_home": self.root, "color": self.fitting.channels == 3, "resize": 1.0}
        bunch = download_people("lfw_pairs", fetch_lfw_people, self.least_pictures, **options)
        names = [name.replace(" ", "_") for name in bunch.target_names.tolist()]  # as the pairs are written
        free = torch.tensor([i for i, name in enumerate(names) if name not in paired])
        held = round(len(free) * self.val)
        if not 2 <= held <= len(free) - 2:
            raise ZooError(
                f"`data.val` (={self.val}) of the {len(free)} people outside the pairs must leave at least two for "
                f"either split; data.least_pictures (={self.least_pictures}) says who counts"
            )
        order = free[torch.randperm(len(free), generator=torch.Generator().manual_seed(self.seed))]
        images, people = self.fitting.fit(as_bytes(bunch.images)), torch.from_numpy(bunch.target)
        parts: dict[Split, Tensor] = {"train": order[held:], "val": order[:held]}
        found = {split: torch.isin(people, part) for split, part in parts.items()}
        return {
            split: Identities(
                images=images[rows], numbers=people[rows], names=[names[i] for i in parts[split].tolist()]
            )
            for split, rows in found.items()
        } | {"test": pairs}

    def prepare(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """Squashed to the size."""
        mean, std = statistics(train)
        return replace(self.fitting, mean=mean, std=std)

    def _pairs(self) -> tuple[Identities, set[str]]:
        color = self.fitting.channels == 3
        bunch = download("lfw_pairs", fetch_lfw_pairs, subset="10_folds", data_home=self.root, color=color, resize=1.0)
        images = self.fitting.fit(as_bytes(bunch.pairs.reshape(-1, *bunch.pairs.shape[2:])))
        groups = torch.arange(len(bunch.target)) * PER_GROUP
        numbers = torch.stack([groups, groups + 1 - torch.from_numpy(bunch.target)], dim=1).flatten()
        lines = Path(get_data_home(self.root), "lfw_home", "pairs.txt").read_text(encoding="utf-8").splitlines()
        words = [line.split("\t") for line in lines]
        paired = {word for row in words if len(row) > 2 for word in row if not word.isdecimal()}
        return Identities(images=images, numbers=numbers, names=sorted(paired)), paired
