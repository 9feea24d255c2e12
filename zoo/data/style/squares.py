"""Square images of any number: crops of files, and images that are made on demand."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from zoo.data.base import Split
from zoo.data.images.base import Preprocessing
from zoo.data.images.files import UnreadableImage, list_images
from zoo.errors import ZooError


class Drawn(ABC):
    """Square images made on demand; an image depends on `key` and its index alone."""

    in_memory = True

    def __init__(self, size: int, count: int, key: list[int]) -> None:
        self.size = size
        self.count = count
        self.key = key

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, indices: Tensor) -> UInt8[Tensor, "b 3 s s"]:
        return torch.stack([self.make(index) for index in indices.tolist()])

    def make(self, index: int) -> UInt8[Tensor, "3 s s"]:
        """An image."""
        canvas = self.draw(index, np.random.default_rng([*self.key, index]))
        return torch.from_numpy(np.array(canvas)).permute(2, 0, 1).contiguous()

    @abstractmethod
    def draw(self, index: int, rng: np.random.Generator) -> Image.Image:
        """Draws the image of an index."""


class SquareFiles:
    """Square crops of files, at a random place along the long side if `random`."""

    in_memory = False

    def __init__(self, files: list[Path], size: int, count: int, seed: int, *, random: bool) -> None:
        self.files = files
        self.count = count
        self.seed = seed
        self.random = random
        self.preprocessing = Preprocessing(size=size, channels=3, mean=(), std=(), resize="crop")

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, indices: Tensor) -> UInt8[Tensor, "b 3 s s"]:
        """Reads a batch; a file that became unreadable is replaced by the next one.

        Raises:
            UnreadableImage: none of the files can be read.
        """
        return torch.stack([self._read(index) for index in indices.tolist()])

    def _read(self, index: int) -> UInt8[Tensor, "3 s s"]:
        place = float(np.random.default_rng([self.seed, index]).random()) if self.random else 0.5
        error: UnreadableImage | None = None
        for step in range(len(self.files)):
            try:
                return self.preprocessing.read(self.files[(index + step) % len(self.files)], place)
            except UnreadableImage as found:
                error = found
        assert error is not None
        raise error


def split_squares(key: str, root: str, counts: Mapping[Split, int], size: int, seed: int) -> dict[Split, SquareFiles]:
    """Returns square crops of the files below a folder; the seed deals each file to one split.

    Test and validation have as many as `counts` says, a third of the files at most.

    Raises:
        ZooError: fewer than three files; names the option `data.KEY`.
    """
    files = list_images(Path(root).expanduser())
    if len(files) < 3:
        raise ZooError(f"`data.{key}` (={root}) holds {len(files)} images, and each split needs one at least")
    order = np.random.default_rng(seed).permutation(len(files))
    held = [min(counts[split], len(files) // 3) for split in ("test", "val")]
    parts = np.split(order, np.cumsum(held))
    chosen: dict[Split, np.ndarray] = {"test": parts[0], "val": parts[1], "train": parts[2]}
    return {
        split: SquareFiles(
            [files[i] for i in sorted(places)],
            size,
            counts[split] if split == "train" else len(places),
            seed,
            random=split == "train",
        )
        for split, places in chosen.items()
    }
