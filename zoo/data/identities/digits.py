"""Real handwritten digits as identities: train on some digit classes, verify and recognise others never seen."""

from typing import Literal

import torch
from jaxtyping import UInt8
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from zoo.data.base import Split
from zoo.data.identities.base import Identities, IdentityData, statistics
from zoo.data.images.base import Augmentation, Preprocessing
from zoo.errors import ZooError

_BRIGHTEST = 16  # the 8×8 images count ink in 0 … 16


class DigitsIdentities(IdentityData):
    """The 1,797 digits of scikit-learn, split by digit class; offline.

    `val` and `test` name the digit classes of those splits, all others are trained on.
    Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998, its test part.

    Raises:
        ZooError: a size below 8, a class that is no digit, repeated or in two splits, or fewer than two classes to
        train on.
    """

    def __init__(
        self,
        *,
        image_size: int,
        val: list[int],
        test: list[int],
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
        if image_size < 8:
            raise ZooError(f"`data.image_size` (={image_size}) must be at least 8")
        for name, classes in (("val", val), ("test", test)):
            if not set(classes) <= set(range(10)) or len(set(classes)) < len(classes):
                raise ZooError(f"`data.{name}` (={classes}) must be digits from 0 to 9, each once")
        self.image_size = image_size
        train = [digit for digit in range(10) if digit not in {*val, *test}]
        self.classes: dict[Split, list[int]] = {"train": train, "val": val, "test": test}

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

    def prepare(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """Grey, squashed to the size."""
        mean, std = statistics(train)
        return Preprocessing(size=self.image_size, channels=1, resize="squash", mean=mean, std=std)
