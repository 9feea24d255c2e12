"""One turned digit or none on a photograph: corners to be found, from what scikit-learn carries."""

from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from zoo.data.base import DataModule, Split
from zoo.data.detection.digit_scenes import FreshBatches
from zoo.data.detection.pasting import Material, background, ink_box, material, paste, scene_counts, scene_sides, stamp
from zoo.data.images.base import to_unit
from zoo.data.options import Range
from zoo.data.sampling import IndexBatches

_SPLIT_CODE: dict[Split, int] = {"train": 10, "val": 11, "test": 12}
_TURN = 30  # degrees at most
_EMPTY = 0.2  # share of pictures without a digit


class CornerScenes:
    """Pictures made when they are asked for: a function of the key and the index."""

    in_memory = True

    def __init__(self, parts: Material, *, size: int, sides: tuple[float, float], count: int, key: list[int]) -> None:
        self.parts = parts
        self.size = size
        self.sides = sides
        self.count = count
        self.key = key

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, indices: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        images, present, points, labels = zip(*(self.make(i) for i in indices.tolist()), strict=True)
        target = {"present": torch.tensor(present), "points": torch.stack(points), "labels": torch.tensor(labels)}
        return torch.stack(images), target

    def make(self, index: int) -> tuple[UInt8[Tensor, "3 s s"], bool, Float[Tensor, "4 2"], int]:
        """The picture, whether a digit is there, its corners as fractions of the picture, and which it is."""
        rng = np.random.default_rng([*self.key, index])
        picture = background(self.parts.photographs, self.size, rng)
        number = int(rng.integers(len(self.parts.labels)))
        side = round(float(np.exp(rng.uniform(*np.log(self.sides)))))
        degrees = float(rng.uniform(-_TURN, _TURN))
        ink, corners = stamp(self.parts.digits[number], width=round(0.8 * side), height=side, degrees=degrees)
        box = ink_box(ink)
        empty = box is None or rng.random() < _EMPTY
        place = torch.zeros(4, 2)
        if box is not None and not empty:
            width, height = box[2] - box[0], box[3] - box[1]
            x, y = (int(rng.integers(max(self.size - extent, 0) + 1)) for extent in (width, height))
            pasted = paste(picture, ink, corners, box, (x, y), rng)
            place = torch.from_numpy(pasted.corners / self.size).float()
        image = torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous()
        return image, not empty, place, int(self.parts.labels[number])


class DigitCorners(DataModule):
    """Digits of scikit-learn, turned up to 30°, on crops of its photographs; a fifth of the pictures has none.

    The four points are the corners of the digit's frame, clockwise from the digit's own top left, so that the
    network has to see which way is up. Fresh scenes in every epoch; splits share neither digits nor photographs.

    Raises:
        ZooError: sides that do not fit the picture, or a split without scenes.
    """

    feeds = frozenset({"landmarks"})

    def __init__(
        self,
        *,
        train_scenes: int,
        val_scenes: int,
        test_scenes: int,
        image_size: int,
        sides: Range,
        batch_size: int,
        num_workers: int | Literal["auto"],
        seed: int,
    ) -> None:
        super().__init__(batch_size=batch_size, num_workers=num_workers, seed=seed)
        self.counts = scene_counts(train=train_scenes, val=val_scenes, test=test_scenes)
        self.image_size = image_size
        self.sides = scene_sides(sides, image_size)

    def load(self) -> dict[str, Any]:
        """The three splits."""
        return {
            split: CornerScenes(
                material(split, seed=0),
                size=self.image_size,
                sides=self.sides,
                count=count,
                key=[self.seed if split == "train" else 0, _SPLIT_CODE[split]],
            )
            for split, count in self.counts.items()
        }

    def metadata(self) -> dict[str, Any]:
        """Number of points and classes, channels and pixels."""
        return {"num_points": 4, "num_classes": 10, "in_channels": 3, "image_size": self.image_size}

    def card(self) -> dict[str, Any]:
        """Class names and preprocessing."""
        return {
            "class_names": [str(digit) for digit in range(10)],
            "preprocessing": {"size": self.image_size, "channels": 3, "resize": "letterbox"},
        }

    def normalize(self, batch: tuple[Tensor, dict[str, Tensor]]) -> tuple[Tensor, dict[str, Tensor]]:
        """A batch with pictures in [0, 1]."""
        return to_unit(batch[0]), batch[1]

    def sampler(self, name: Split) -> IndexBatches:
        """Fresh scenes for training, the same for validation and test."""
        usual = super().sampler(name)
        assert isinstance(usual, IndexBatches)
        return FreshBatches.like(usual) if name == "train" else usual
