"""Base class of tasks whose network takes one batch of images."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from zoo.config.instantiate import argument
from zoo.tasks.base import Task
from zoo.tasks.export import Program, image_program

_IMAGE_SIZE = 224  # as ImageNet networks are measured


class ImageTask(Task):
    """A task of `(images [B C H W], …)`; its card holds the preprocessing."""

    def preprocessing_entries(self) -> tuple[str, ...]:
        """What the shape of an input follows from."""
        return ("size", "channels")

    def example_inputs(self, batch_size: int = 1) -> tuple[Tensor, ...] | None:
        """Zeros [B C H W] with the channels and size of the preprocessing."""
        preprocessing = self.card.get("preprocessing")
        if preprocessing is None:
            return None
        size = preprocessing["size"]
        return (torch.zeros(batch_size, preprocessing["channels"], size, size),)

    @classmethod
    def nominal_inputs(cls, network: Mapping[str, Any]) -> tuple[Tensor, ...] | None:
        """Zeros [1 C H W] in the network's own size, or 224×224 if it takes any."""
        size = argument(network, "image_size", _IMAGE_SIZE)
        return (torch.zeros(1, argument(network, "in_channels", 3), size, size),)

    def export_program(self, *, format: str, with_preprocessing: bool) -> Program:
        """The network, with the normalization in front of it if requested."""
        return image_program(self.network, self.export_metadata(), with_preprocessing=with_preprocessing)
