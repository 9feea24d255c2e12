"""Images that a network of style transfer is trained on: files of a folder, or built-in photographs and scenes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw
from torch import Tensor

from zoo.data.base import Split
from zoo.data.detection.pasting import background, material
from zoo.data.images.base import Preprocessing, to_unit
from zoo.data.images.files import UnreadableImage, list_images
from zoo.data.options import require_count
from zoo.data.sampling import FreshBatches, IndexBatches
from zoo.data.style.base import StyleData
from zoo.errors import ZooError

_SPLIT_CODE: dict[Split, int] = {"train": 20, "val": 21, "test": 22}
_SHAPES = (3, 9)  # in a scene


class Squares:
    """Square images made on demand; an image depends on `key` and its index alone.

    Those of even indices are crops of photographs, the others drawn scenes.
    """

    in_memory = True

    def __init__(self, photographs: list[Image.Image], size: int, count: int, key: list[int]) -> None:
        self.photographs = photographs
        self.size = size
        self.count = count
        self.key = key

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, indices: Tensor) -> UInt8[Tensor, "b 3 s s"]:
        return torch.stack([self.make(index) for index in indices.tolist()])

    def make(self, index: int) -> UInt8[Tensor, "3 s s"]:
        """An image."""
        rng = np.random.default_rng([*self.key, index])
        canvas = draw_scene(self.size, rng) if index % 2 else background(self.photographs, self.size, rng)
        return torch.from_numpy(np.array(canvas)).permute(2, 0, 1).contiguous()


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


@dataclass(kw_only=True, eq=False)
class StylePictures(StyleData):
    """Square images of `image_size` in batches [B 3 S S], in any order of the files below `root`.

    Without a root, half are crops of scikit-learn's photographs, of which each split has its own strips, and half are
    drawn scenes; new ones in every epoch of training.

    Raises:
        ZooError: a split without images, or a folder with fewer than three.
    """

    feeds = frozenset({"fast style"})

    root: str | None
    train_pictures: int
    val_pictures: int
    test_pictures: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self.counts: dict[Split, int] = {
            "train": self.train_pictures,
            "val": self.val_pictures,
            "test": self.test_pictures,
        }
        for split, count in self.counts.items():
            require_count(f"{split}_pictures", count)

    def load(self) -> dict[str, Any]:
        """The three splits."""
        if self.root is None:
            return {
                split: Squares(
                    material(split, seed=0).photographs,
                    self.image_size,
                    count,
                    [self.seed if split == "train" else 0, _SPLIT_CODE[split]],
                )
                for split, count in self.counts.items()
            }
        files = list_images(Path(self.root).expanduser())
        if len(files) < 3:
            raise ZooError(f"`data.root` (={self.root}) holds {len(files)} images, and each split needs one at least")
        order = np.random.default_rng(self.seed).permutation(len(files))
        held = [min(self.counts[split], len(files) // 3) for split in ("test", "val")]
        parts = np.split(order, np.cumsum(held))
        chosen: dict[Split, np.ndarray] = {"test": parts[0], "val": parts[1], "train": parts[2]}
        return {
            split: SquareFiles(
                [files[i] for i in sorted(places)],
                self.image_size,
                self.counts[split] if split == "train" else len(places),
                self.seed,
                random=split == "train",
            )
            for split, places in chosen.items()
        }

    def normalize(self, batch: UInt8[Tensor, "b 3 s s"]) -> Float[Tensor, "b 3 s s"]:
        """Scales images to [0, 1]."""
        return to_unit(batch)

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """New images in every epoch."""
        return FreshBatches.like(usual)


def draw_scene(size: int, rng: np.random.Generator) -> Image.Image:
    """A drawn scene: a sky or wall of changing color with ellipses and polygons, and the grain of a photograph."""
    ends = rng.uniform(0, 255, (2, 2, 3))
    axis = np.linspace(0, 1, size)[:, None, None]
    rows = ends[0, 0] * (1 - axis) + ends[0, 1] * axis
    columns = ends[1, 0] * (1 - axis) + ends[1, 1] * axis
    canvas = Image.fromarray(((rows + columns.transpose(1, 0, 2)) / 2).astype(np.uint8))
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.integers(*_SHAPES)):
        center, extent = rng.uniform(0, size, 2), rng.uniform(size / 12, size / 2.5)
        red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
        if rng.random() < 0.5:
            half = extent * rng.uniform(0.3, 1.0, 2) / 2
            draw.ellipse((*(center - half), *(center + half)), (red, green, blue))
        else:
            angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
            corners = center + extent * np.stack([np.cos(angles), np.sin(angles)], 1)
            draw.polygon([(float(x), float(y)) for x, y in corners], (red, green, blue))
    grain = rng.normal(0, rng.uniform(0, 8), (size, size, 1))
    return Image.fromarray(np.clip(np.asarray(canvas) + grain, 0, 255).astype(np.uint8))
