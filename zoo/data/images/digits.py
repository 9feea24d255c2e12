"""Handwritten digits from scikit-learn: available offline."""

from dataclasses import dataclass
from typing import Any

import torch
from sklearn.datasets import load_digits

from zoo.data.images.base import ImageClassificationData, Preprocessing, TensorImages, to_unit
from zoo.data.images.files import squash
from zoo.data.splits import stratified_split
from zoo.errors import ZooError

_BRIGHTEST = 16  # pixel value of full ink in the 8×8 images


@dataclass(kw_only=True, eq=False)
class Digits(ImageClassificationData):
    """1,797 handwritten digits of 8×8 pixels, resized to `image_size`: 70 % train, 10 % val, 20 % test.

    Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998, its test set.

    Raises:
        ZooError: channels other than 1 or 3, or a size below 8.
    """

    image_size: int
    channels: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.channels not in (1, 3):
            raise ZooError(f"`data.channels` (={self.channels}) must be 1 or 3")
        if self.image_size < 8:
            raise ZooError(f"`data.image_size` (={self.image_size}) must be at least 8")

    def load(self) -> dict[str, Any]:
        """The three splits, stratified by class."""
        pixels, targets = load_digits(return_X_y=True)
        labels = torch.from_numpy(targets)
        ink = torch.from_numpy(pixels).float().view(-1, 1, 8, 8)
        squashed = squash((ink * (255 / _BRIGHTEST)).round().to(torch.uint8), size=self.image_size)
        images = squashed.expand(-1, self.channels, -1, -1).contiguous()
        rest, test = stratified_split(targets, 0.2, self.seed)
        train, val = stratified_split(targets[rest], 0.125, self.seed)
        indices = {"train": rest[train], "val": rest[val], "test": test}
        ink = to_unit(images[indices["train"]])
        self.class_names = [str(digit) for digit in range(10)]
        self.preprocessing = Preprocessing(
            size=self.image_size,
            channels=self.channels,
            mean=(round(ink.mean().item(), 4),) * self.channels,
            std=(round(ink.std().item(), 4),) * self.channels,
            resize="squash",
        )
        return {name: TensorImages(images[part], labels[part]) for name, part in indices.items()}
