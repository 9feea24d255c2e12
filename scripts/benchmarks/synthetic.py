"""Random images, for measurements that do not depend on the content."""

from typing import Any

import torch
from torch import Tensor

from zoo.data.images.base import ImageClassificationData, Preprocessing, TensorImages


class RandomImages(ImageClassificationData):
    """`count` uint8 images of noise in memory, with random labels."""

    def __init__(
        self, *, size: int, channels: int, num_classes: int, count: int, batch_size: int, evaluated: int | None = None
    ) -> None:
        super().__init__(batch_size=batch_size, num_workers=0, seed=0, augmentation=None)
        self.count = count
        self.evaluated = count if evaluated is None else evaluated
        self.class_names = [f"class {number}" for number in range(num_classes)]
        half = (0.5,) * channels
        self.preprocessing = Preprocessing(size=size, channels=channels, mean=half, std=half, resize="squash")

    def load(self) -> dict[str, Any]:
        """Generates the images, the same for every split; validation and test take the first `evaluated`."""
        generator = torch.Generator().manual_seed(0)
        shape = (self.count, self.preprocessing.channels, self.preprocessing.size, self.preprocessing.size)
        images = torch.randint(256, shape, dtype=torch.uint8, generator=generator)
        labels = torch.randint(len(self.class_names), (self.count,), generator=generator)
        some = TensorImages(images[: self.evaluated], labels[: self.evaluated])
        return {"train": TensorImages(images, labels), "val": some, "test": some}

    def batch(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Returns a normalized batch on a device."""
        images, labels = self.dataset("train")[torch.arange(self.batch_size)]
        return self.normalize((images.to(device), labels.to(device)))
