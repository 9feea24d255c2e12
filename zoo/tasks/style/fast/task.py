"""Style transfer in one pass: a network that restyles any image in one style."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.data.style.base import StyleData
from zoo.losses.perceptual import Costs
from zoo.tasks.export import Program
from zoo.tasks.stages import Stage
from zoo.tasks.style.costs import values_of
from zoo.tasks.style.fast.export import style_program
from zoo.tasks.style.one_pass import CALIBRATION, OnePassTask


class FastStyle(OnePassTask):
    """A network that restyles batches of images [B 3 H W] in [0, 1], trained for the style of its data.

    Johnson et al., Perceptual Losses for Real-Time Style Transfer and Super-Resolution, 2016 (arXiv:1603.08155). The
    costs are those that `StyleTransfer` minimizes for one image.
    """

    kind = "fast style"

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns restyled images of the same size."""
        found: Tensor = self.forward_network(images)
        return found[..., : images.shape[-2], : images.shape[-1]]

    def network_inputs(self, batch: Any) -> tuple[Any, ...]:
        """The images."""
        return (batch,)

    def example_inputs(self, batch_size: int = 1) -> tuple[Tensor, ...] | None:
        """Zeros [B 3 S S] in the size of training."""
        if "preprocessing" not in self.card:
            return None
        size = self.card["preprocessing"]["size"]
        return (torch.zeros(batch_size, 3, size, size),)

    @classmethod
    def nominal_inputs(cls, network: Any) -> tuple[Tensor, ...]:
        """Zeros [1 3 256 256], the size of the paper."""
        return (torch.zeros(1, 3, 256, 256),)

    def setup(self, stage: str) -> None:
        """Takes the style from the data, and scales the feature maps on training images."""
        data = getattr(self.trainer, "datamodule", None)
        if stage == "fit" and isinstance(data, StyleData):
            self.note_weights()
            train = data.dataset("train")
            first = data.normalize(train[torch.arange(min(CALIBRATION, len(train)))])
            self.prepare(list(first.split(1)), data.styles(), data.blend)

    def step(self, batch: Float[Tensor, "b 3 h w"], stage: Stage) -> Tensor:
        """The mean cost of the restyled images of a batch."""
        found = self.restyle_measured(batch, self) if stage == "test" else self(batch).float()
        costs: Costs = self.loss(found, self.perceptual.content(batch))
        for name, value in values_of(costs).items():
            self.metrics[stage][name].update(value, len(batch))
        return costs.total

    def export_program(self, *, format: str, with_preprocessing: bool) -> Program:
        """The network for images of any size; with preprocessing, pixels are 0 … 255 on both sides."""
        return style_program(self.network, self.export_metadata(), with_preprocessing=with_preprocessing)
