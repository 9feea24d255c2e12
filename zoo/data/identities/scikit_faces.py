"""Face sets loaded by scikit-learn: Olivetti and Labeled Faces in the Wild."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from sklearn.datasets import fetch_lfw_people, fetch_olivetti_faces
from torch import Tensor

from zoo.data.base import Split
from zoo.data.identities.base import Identities, IdentityData, statistics
from zoo.data.identities.splits import split_identities
from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError


@dataclass(kw_only=True, eq=False)
class ScikitFaces(IdentityData):
    """Face sets loaded by scikit-learn, split at random by person, in gray or RGB as published.

    `faces` is `olivetti` (40 people, 10 images of 64×64 each) or `lfw` (people with at least `min_images` images).
    Images are resized to `image_size` without keeping the aspect ratio. Files are downloaded once to `root` (null:
    scikit-learn's data folder).

    Raises:
        ZooError: another name, or missing files that cannot be downloaded.
    """

    faces: str
    root: str | None
    min_images: int
    image_size: int
    val: float
    test: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.faces not in ("olivetti", "lfw"):
            raise ZooError(f"`data.faces` (={self.faces}) must be olivetti or lfw")
        channels = 1 if self.faces == "olivetti" else 3
        self.resizing = Preprocessing(size=self.image_size, channels=channels, resize="squash", mean=(), std=())

    def read(self) -> dict[Split, Identities]:
        """The images of each split."""
        images, people, names = self._fetch()
        resized = self.resizing.resize_images(images)
        parts = split_identities(len(names), self.val, self.test, self.seed)
        rows = {split: torch.isin(people, part) for split, part in parts.items()}
        return {
            split: Identities(
                images=resized[rows[split]],
                numbers=people[rows[split]],
                names=[names[i] for i in part.tolist()],
            )
            for split, part in parts.items()
        }

    def make_preprocessing(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """Resized without keeping the aspect ratio."""
        mean, std = statistics(train)
        return replace(self.resizing, mean=mean, std=std)

    def _fetch(self) -> tuple[UInt8[Tensor, "n c h w"], Tensor, list[str]]:
        if self.faces == "olivetti":
            bunch = download("olivetti", fetch_olivetti_faces, data_home=self.root)
            names = [f"person {i}" for i in range(int(bunch.target.max()) + 1)]
        else:
            options = {"data_home": self.root, "color": True, "resize": 1.0}
            bunch = download_people("lfw", fetch_lfw_people, self.min_images, **options)
            names = bunch.target_names.tolist()
        return as_bytes(bunch.images), torch.from_numpy(bunch.target.astype(np.int64)), names


def download(name: str, fetch: Callable[..., Any], **options: Any) -> Any:
    """Calls a loader of scikit-learn.

    Raises:
        ZooError: the files are missing and cannot be downloaded.
    """
    try:
        return fetch(**options)
    except OSError as error:  # includes URLError
        raise ZooError(
            f"data={name} is downloaded by scikit-learn and that failed ({error}): put its files in "
            f"data.root, or use data=identity_folder data.root=DIR with images of your own"
        ) from error


def download_people(name: str, fetch: Callable[..., Any], min_images: int, **options: Any) -> Any:
    """Like `download`, for people with at least `min_images` images.

    Raises:
        ZooError: the files are missing and cannot be downloaded, or no person has that many images.
    """
    try:
        return download(name, fetch, min_faces_per_person=min_images, **options)
    except ValueError as error:
        raise ZooError(f"`data.min_images` (={min_images}) leaves nobody of data={name}: {error}") from error


def as_bytes(pixels: np.ndarray) -> UInt8[Tensor, "n c h w"]:
    """Converts images [N H W] or [N H W C], with values to 1 or to 255, to uint8 with channels first."""
    bytes_ = np.clip(pixels * (255 if pixels.max() <= 1 else 1), 0, 255).round().astype(np.uint8)
    images = torch.from_numpy(bytes_)
    return images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
