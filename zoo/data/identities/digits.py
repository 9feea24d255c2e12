"""Handwritten digits as identities: trains on some digit classes, verifies and recognizes others."""

from dataclasses import dataclass

import torch
from jaxtyping import UInt8
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from zoo.data.base import Split
from zoo.data.identities.base import Identities, IdentityData, statistics
from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError

_BRIGHTEST = 16  # pixel value of full ink in the 8×8 images


@dataclass(kw_only=True, eq=False)
class DigitsIdentities(IdentityData):
    """The 1,797 digits of scikit-learn, split by digit class; offline.

    `val` and `test` list the digit classes of those splits; all others are for training.
    Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998, its test set.

    Raises:
        ZooError: a size below 8; a class that is not a digit, repeated or in two splits; or fewer than two classes
            to train on.
    """

    image_size: int
    val: list[int]
    test: list[int]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_size < 8:
            raise ZooError(f"`data.image_size` (={self.image_size}) must be at least 8")
        for name, classes in (("val", self.val), ("test", self.test)):
            if not set(classes) <= set(range(10)) or len(set(classes)) < len(classes):
                raise ZooError(f"`data.{name}` (={classes}) must be digits from 0 to 9, each once")
        train = [digit for digit in range(10) if digit not in {*self.val, *self.test}]
        self.classes: dict[Split, list[int]] = {"train": train, "val": self.val, "test": self.test}

    def read(self) -> dict[Split, Identities]:
        """The digits of each split's classes."""
        pixels, targets = load_digits(return_X_y=True)
        numbers = torch.from_numpy(targets)
        ink = torch.from_numpy(pixels).float().view(-1, 1, 8, 8) / _BRIGHTEST
        images = (F.interpolate(ink, size=self.image_size, mode="bilinear") * 255).round().to(torch.uint8)
        parts = {name: torch.isin(numbers, torch.tensor(classes)) for name, classes in self.classes.items()}
        return {
            name: Identities(images=images[rows], numbers=numbers[rows], names=[str(c) for c in self.classes[name]])
            for name, rows in parts.items()
        }

    def make_preprocessing(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """One channel, resized without keeping the aspect ratio."""
        mean, std = statistics(train)
        return Preprocessing(size=self.image_size, channels=1, resize="squash", mean=mean, std=std)
