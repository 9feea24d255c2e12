"""Contents with styles that change from image to image, for style transfer to any style."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from zoo.data.base import Split
from zoo.data.images.base import to_unit
from zoo.data.style.folder import SquareData
from zoo.data.style.squares import split_squares
from zoo.data.style.styles import DrawnStyles


class Pairs(NamedTuple):
    """Contents and as many styles."""

    contents: UInt8[Tensor, "b 3 s s"] | Float[Tensor, "b 3 s s"]
    styles: UInt8[Tensor, "b 3 s s"] | Float[Tensor, "b 3 s s"]


class PairedSquares:
    """Contents with styles: drawn anew for each index if `random`, or else those of the same numbers."""

    def __init__(self, contents: Any, styles: Any, seed: int, *, random: bool) -> None:
        self.contents, self.styles = contents, styles
        self.seed = seed
        self.random = random
        self.in_memory: bool = contents.in_memory and styles.in_memory

    def __len__(self) -> int:
        return len(self.contents)

    def __getitem__(self, indices: Tensor) -> Pairs:
        places = [self._place(index) for index in indices.tolist()]
        return Pairs(self.contents[indices], self.styles[torch.tensor(places)])

    def _place(self, index: int) -> int:
        return int(np.random.default_rng([self.seed, index]).integers(2**31)) if self.random else index


@dataclass(kw_only=True, eq=False)
class ManyStyles(SquareData):
    """Square contents and styles in batches of `Pairs`.

    `styles` is a folder of style images, of which each split has its own. Without one, styles are drawn; those of
    swirling bands are kept out of training, and are half of the styles of validation and test.

    Raises:
        ZooError: a split without images, or a folder with fewer than three.
    """

    feeds = frozenset({"any style"})

    styles: str | None

    def load(self) -> dict[str, Any]:
        """The three splits."""
        contents, size = super().load(), self.image_size
        styles: dict[Split, Any] = (
            {split: DrawnStyles(split, size, count, self.seed) for split, count in self.counts.items()}
            if self.styles is None
            else dict(split_squares("styles", self.styles, self.counts, size, self.seed))
        )
        return {
            split: PairedSquares(contents[split], found, self.seed, random=split == "train")
            for split, found in styles.items()
        }

    def normalize(self, batch: Pairs) -> Pairs:
        """Scales images to [0, 1]."""
        return Pairs(to_unit(batch.contents), to_unit(batch.styles))
