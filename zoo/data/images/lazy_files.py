"""Image files that are decoded when their batch is asked for, and reading all of them once."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor
from torch.utils.data import DataLoader

from zoo.data.images.class_folders import Files
from zoo.data.images.files import UnreadableImage

Read = Callable[[Path, float], UInt8[Tensor, "c s s"]]
"""A file, and which of its squares (`zoo.data.images.files.cut_square`)."""
_CHUNK = 32  # files a worker reads at a time


class ImageFiles:
    """Labelled image files; `__getitem__` reads and decodes a batch, in a worker process where there is one.

    Of a long picture it takes the central square, or with `anywhere` one at random. Which one is a function of the
    batch alone, so that a resumed run draws what it would have.
    """

    in_memory = False

    def __init__(self, root: Path, files: Files, read: Read, *, anywhere: bool = False) -> None:
        self.root = root
        self.files = files
        self.read = read
        self.anywhere = anywhere
        self.labels: Int[Tensor, " n"] = torch.from_numpy(files.labels)

    def __len__(self) -> int:
        return len(self.files.paths)

    def __getitem__(self, indices: Int[Tensor, " b"]) -> tuple[UInt8[Tensor, "b c s s"], Int[Tensor, " b"]]:
        """A batch of images, all of one size, and their labels.

        Raises:
            UnreadableImage: names the file.
        """
        places = [0.5] * len(indices)
        if self.anywhere:
            places = np.random.default_rng(indices.numpy()).random(len(indices)).tolist()
        try:
            images = [self.image(index, place) for index, place in zip(indices.tolist(), places, strict=True)]
            return torch.stack(images), self.labels[indices]
        except UnreadableImage as error:
            raise with_way_on(error) from None

    def path(self, index: int) -> Path:
        """Where an image lies."""
        return self.root / os.fsdecode(self.files.paths[index])

    def image(self, index: int, place: float = 0.5) -> UInt8[Tensor, "c s s"]:
        """One image.

        Raises:
            UnreadableImage: names the file.
        """
        return self.read(self.path(index), place)


def with_way_on(error: UnreadableImage) -> UnreadableImage:
    """The error with what one can do about it where a run ends because of it."""
    return UnreadableImage(error.path, f"{error.reason}; data.on_error=skip leaves such files out")


class _Attempts:
    """Reads files without failing: which could be read, their images where they are kept, and the errors."""

    def __init__(self, images: ImageFiles, keep: bool) -> None:
        self.images = images
        self.keep = keep

    def __getitem__(self, indices: Int[Tensor, " b"]) -> tuple[list[int], Tensor | None, dict[int, UnreadableImage]]:
        good, pictures, errors = [], [], {}
        for index in indices.tolist():
            try:
                picture = self.images.image(index)
            except UnreadableImage as error:
                errors[index] = error
                continue
            good.append(index)
            pictures += [picture] if self.keep else []
        return good, torch.stack(pictures) if pictures else None, errors


def read_all(
    images: ImageFiles, *, keep: bool, workers: int
) -> tuple[UInt8[Tensor, "n c s s"] | None, dict[int, UnreadableImage]]:
    """Read every file once: all images in order if `keep`, zeros where one is broken, and the broken by index."""
    loader: DataLoader[Any] = DataLoader(
        _Attempts(images, keep),  # type: ignore[arg-type]
        sampler=torch.arange(len(images)).split(_CHUNK),
        batch_size=None,
        num_workers=workers if len(images) > 2 * _CHUNK else 0,
        collate_fn=_as_it_is,
    )
    kept: Tensor | None = None
    broken: dict[int, UnreadableImage] = {}
    for good, pictures, errors in loader:
        broken |= errors
        if pictures is not None:
            if kept is None:
                kept = torch.zeros(len(images), *pictures.shape[1:], dtype=pictures.dtype)
            kept[good] = pictures
    return kept, broken


def _as_it_is(batch: Any) -> Any:
    return batch
