"""The face sets that scikit-learn loads: Olivetti and Labeled Faces in the Wild."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import UInt8
from sklearn.datasets import fetch_lfw_people, fetch_olivetti_faces
from torch import Tensor

from zoo.data.base import Split
from zoo.data.identities.base import Identities, IdentityData, statistics
from zoo.data.identities.splits import split_identities
from zoo.data.images.base import Augmentation, Preprocessing
from zoo.errors import ZooError


class ScikitFaces(IdentityData):
    """Faces by scikit-learn's loaders, dealt out by person; grey or colour as they come, squashed to `image_size`.

    `faces` is `olivetti` (40 people, 10 pictures of 64×64 each) or `lfw` (people with at least
    `least_pictures`). Both are downloaded once to `root` (scikit-learn's own folder where null).

    Raises:
        ZooError: another name, or no way to download what is not there.
    """

    def __init__(
        self,
        *,
        faces: str,
        root: str | None,
        least_pictures: int,
        image_size: int,
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
        if faces not in ("olivetti", "lfw"):
            raise ZooError(f"`data.faces` (={faces}) must be olivetti or lfw")
        self.faces = faces
        self.root = root
        self.least_pictures = least_pictures
        self.image_size = image_size
        self.val = val
        self.test = test

    def read(self) -> dict[Split, Identities]:
        """The faces of each split's people."""
        images, people, names = self._fetch()
        fitted = self._fitting().fit(images)
        parts = split_identities(len(names), self.val, self.test, self.seed)
        rows = {split: torch.isin(people, part) for split, part in parts.items()}
        return {
            split: Identities(
                images=fitted[rows[split]],
                numbers=people[rows[split]],
                names=[names[i] for i in part.tolist()],
            )
            for split, part in parts.items()
        }

    def prepare(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """Squashed to the size."""
        mean, std = statistics(train)
        return replace(self._fitting(), mean=mean, std=std)

    def _fitting(self) -> Preprocessing:
        channels = 1 if self.faces == "olivetti" else 3
        return Preprocessing(size=self.image_size, channels=channels, resize="squash", mean=(), std=())

    def _fetch(self) -> tuple[UInt8[Tensor, "n c h w"], Tensor, list[str]]:
        if self.faces == "olivetti":
            bunch = download("olivetti", fetch_olivetti_faces, data_home=self.root)
            names = [f"person {i}" for i in range(int(bunch.target.max()) + 1)]
        else:
            options = {"data_home": self.root, "color": True, "resize": 1.0}
            bunch = download_people("lfw", fetch_lfw_people, self.least_pictures, **options)
            names = bunch.target_names.tolist()
        return as_bytes(bunch.images), torch.from_numpy(bunch.target.astype(np.int64)), names


def download(name: str, fetch: Callable[..., Any], **options: Any) -> Any:
    """What one of scikit-learn's loaders gives.

    Raises:
        ZooError: the files are not there and cannot be downloaded.
    """
    try:
        return fetch(**options)
    except OSError as error:  # URLError is one
        raise ZooError(
            f"data={name} is downloaded by scikit-learn and that failed ({error}): put its files in "
            f"data.root, or use data=identity_folder data.root=DIR with pictures of your own"
        ) from error


def download_people(name: str, fetch: Callable[..., Any], least_pictures: int, **options: Any) -> Any:
    """As `download`, of the people with so many pictures.

    Raises:
        ZooError: the files are not there and cannot be downloaded, or nobody has so many pictures.
    """
    try:
        return download(name, fetch, min_faces_per_person=least_pictures, **options)
    except ValueError as error:
        raise ZooError(f"`data.least_pictures` (={least_pictures}) leaves nobody of data={name}: {error}") from error


def as_bytes(pixels: np.ndarray) -> UInt8[Tensor, "n c h w"]:
    """Pictures [N H W] or [N H W C], from 0 to 1 or to 255, as bytes with their channels first."""
    bytes_ = np.clip(pixels * (255 if pixels.max() <= 1 else 1), 0, 255).round().astype(np.uint8)
    images = torch.from_numpy(bytes_)
    return images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
