"""Image regression: one number per image."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError
from zoo.networks.heads import head_inputs
from zoo.prediction.images import embed_batches, image_files, read_batches
from zoo.tasks.card import NO_IMAGES, required_entries
from zoo.tasks.export import Program, image_program
from zoo.tasks.image_task import ImageTask
from zoo.tasks.regression.task import InUnits, Regression, main_output


class ImageRegression(Regression, ImageTask):
    """The procedure of `Regression` on `(images [B C H W], targets [B])`; the card holds the preprocessing."""

    kind = "image regression"
    card_fields: ClassVar[Mapping[str, Any]] = {"target": str}

    def preprocessing_entries(self) -> tuple[str, ...]:
        """Those of images."""
        return required_entries(Preprocessing)

    def preprocessing(self) -> Preprocessing:
        """How an image file is read.

        Raises:
            ZooError: the card does not tell it.
        """
        if "preprocessing" not in self.card:
            raise ZooError(NO_IMAGES)
        return Preprocessing.from_dict(self.card["preprocessing"])

    @torch.no_grad()
    def features(self, source: Any, *, batch_size: int) -> Tensor:
        """The inputs of the last layer for each image."""
        preprocessing = self.preprocessing()

        def embed(images: Tensor) -> Tensor:
            return head_inputs(self.forward_network, self.network, preprocessing.normalize(images.to(self.device)))

        files = image_files(self.resolve_source(source))
        return embed_batches(read_batches(files, preprocessing, batch_size), embed)

    def export_program(self, *, format: str, with_preprocessing: bool) -> Program:
        """The network with numbers in the units of the target, and the normalization in front if requested."""
        network = NumberNetwork(self.network, self.target_center, self.target_scale)
        return image_program(network, self.export_metadata(), with_preprocessing=with_preprocessing)


class NumberNetwork(nn.Module):
    """A network of images whose numbers are in the units of the target, without auxiliary heads."""

    def __init__(self, network: nn.Module, center: float, scale: float) -> None:
        super().__init__()
        self.network = network
        self.units = InUnits(center, scale)

    def forward(self, images: Tensor) -> Tensor:
        """Returns the number, or the quantiles, of each image."""
        found: Tensor = self.units(main_output(self.network(images)))
        return found
