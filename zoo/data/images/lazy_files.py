"""Image files decoded batch by batch, or all at once."""

import logging
import os
from collections.abc import Callable
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int, Shaped, UInt8
from torch import Tensor
from torch.utils.data import DataLoader

from zoo.data.class_folders import Files
from zoo.data.errors_as_batches import keep_batch
from zoo.data.file_names import printable
from zoo.data.images.files import UnreadableImage
from zoo.data.images.tar_index import Members
from zoo.data.images.tar_member import TarMember

Read = Callable[[Path | TarMember, float], UInt8[Tensor, "c s s"]]
"""Reads a file, cropped at a place as in `zoo.data.images.files.cut_square`."""
_log = logging.getLogger(__name__)
_CHUNK = 32  # files that a worker reads at a time


class ImageFiles:
    """Labeled image files; `__getitem__` reads and decodes a batch, usually in a worker process.

    Crops the central square of an image, or with `random_crop` a random one along its long side. The draw depends on
    the indices of the batch alone, so that a resumed run repeats it. Indices past the last image begin again with the
    first and draw other crops: `FreshBatches` has other indices in every epoch.
    """

    in_memory = False

    def __init__(
        self, root: Path, files: Files | Members, read: Read, *, random_crop: bool = False, skip_broken: bool = False
    ) -> None:
        self.root = root
        self.files = files
        self.read = read
        self.random_crop = random_crop
        self.skip_broken = skip_broken
        """Whether a file that vanishes or breaks during training is left out of its batch."""
        self.labels: Shaped[Tensor, " n"] = torch.from_numpy(files.labels)

    def __len__(self) -> int:
        return len(self.files.paths)

    def __getitem__(self, indices: Int[Tensor, " b"]) -> tuple[UInt8[Tensor, "n c s s"], Shaped[Tensor, " n"]]:
        """A batch of images of one size, and their labels.

        Raises:
            UnreadableImage: names the file.
        """
        places = [0.5] * len(indices)
        if self.random_crop:
            places = np.random.default_rng(indices.numpy()).random(len(indices)).tolist()
        images, kept = [], []
        for number, (index, place) in enumerate(zip(indices.tolist(), places, strict=True)):
            try:
                images.append(self.image(index % len(self), place))
                kept.append(number)
            except UnreadableImage as error:
                self._leave_out(error, last=not images and number == len(indices) - 1)
        return torch.stack(images), self.labels[indices[kept] % len(self)]

    def _leave_out(self, error: UnreadableImage, *, last: bool) -> None:
        """Counts and logs a file that could be read before training.

        Raises:
            UnreadableImage: such files are to be reported, or none of a batch can be read.
        """
        if not self.skip_broken:
            raise with_advice(error) from None
        if last:
            reason = f"{error.reason}; data.on_error=skip leaves files out of a batch, and of this one none is left"
            raise UnreadableImage(error.path, reason)
        _log_lost(error.path, error.reason)

    def part(self, indices: Int[np.ndarray, " m"], *, skip_broken: bool) -> "ImageFiles":
        """The images with these indices."""
        some = copy(self)
        some.files = self.files.part(indices)
        some.labels = torch.from_numpy(some.files.labels)
        some.skip_broken = skip_broken
        return some

    def path(self, index: int) -> Path | TarMember:
        """The file of an image."""
        return self.root / os.fsdecode(self.files.paths[index])

    def sample_name(self, index: int) -> str:
        """The path of an image, relative to the root."""
        return printable(os.path.relpath(self.path(index), self.root))

    def image(self, index: int, place: float = 0.5) -> UInt8[Tensor, "c s s"]:
        """One image.

        Raises:
            UnreadableImage: names the file.
        """
        return self.read(self.path(index), place)


@cache
def _log_lost(path: Path, reason: str) -> None:
    """Logs a file once; each process that reads data counts its own."""
    _log.warning("left out `%s`, which could be read before: %s (%d so far)", path, reason, _lost() + 1)


def _lost() -> int:
    return _log_lost.cache_info().currsize


def with_advice(error: UnreadableImage) -> UnreadableImage:
    """The error, extended by the option that skips broken files."""
    return UnreadableImage(error.path, f"{error.reason}; data.on_error=skip leaves such files out")


class _Attempts:
    """Reads files without failing: returns the readable indices, their images if `keep`, and the errors by index."""

    def __init__(self, images: ImageFiles, keep: bool) -> None:
        self.images = images
        self.keep = keep

    def __getitem__(self, indices: Int[Tensor, " b"]) -> tuple[list[int], Tensor | None, dict[int, UnreadableImage]]:
        good, images, errors = [], [], {}
        for index in indices.tolist():
            try:
                image = self.images.image(index)
            except UnreadableImage as error:
                errors[index] = error
                continue
            good.append(index)
            images += [image] if self.keep else []
        return good, torch.stack(images) if images else None, errors


def read_all(
    images: ImageFiles, *, keep: bool, workers: int
) -> tuple[UInt8[Tensor, "n c s s"] | None, dict[int, UnreadableImage]]:
    """Reads every file once; returns all images if `keep`, with zeros for broken ones, and the errors by index."""
    loader: DataLoader[Any] = DataLoader(
        _Attempts(images, keep),  # type: ignore[arg-type]
        sampler=torch.arange(len(images)).split(_CHUNK),
        batch_size=None,
        num_workers=workers if len(images) > 2 * _CHUNK else 0,
        collate_fn=keep_batch,
    )
    kept: Tensor | None = None
    broken: dict[int, UnreadableImage] = {}
    for good, decoded, errors in loader:
        broken |= errors
        if decoded is not None:
            if kept is None:
                kept = torch.zeros(len(images), *decoded.shape[1:], dtype=decoded.dtype)
            kept[good] = decoded
    return kept, broken
