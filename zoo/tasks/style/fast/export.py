"""The exported program of a network of style transfer."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.tasks.export import Program

_SIDES = {1: (64, 96)}  # pixels of the check at a batch size of 1, and at others below
_OTHER_SIDES = (80, 48)
_MULTIPLE = 4  # of both sides, which the network halves twice


class StyleProgram(nn.Module):
    """A network of images in [0, 1], or with `pixels` of values from 0 to 255 on both sides."""

    def __init__(self, network: nn.Module, *, pixels: bool) -> None:
        super().__init__()
        self.network = network
        self.white = 255.0 if pixels else 1.0

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns the restyled images."""
        return self.network(images / self.white) * self.white


def style_program(
    network: nn.Module, metadata: Mapping[str, Any], *, with_preprocessing: bool, multiple: int = _MULTIPLE
) -> Program:
    """The program of a network for images whose sides are multiples of a number.

    Raises:
        ZooError: a model that was not trained here.
    """
    if metadata.get("preprocessing") is None:
        raise ZooError("this model has no style: it was not trained here")
    program = StyleProgram(network, pixels=with_preprocessing)
    return Program(
        module=program,
        inputs=lambda batch: _noise(batch, program.white),
        metadata={**metadata, "sides": f"multiples of {multiple}", "white": program.white},
        multiple=multiple,
    )


def _noise(batch: int, white: float) -> Tensor:
    generator = torch.Generator().manual_seed(batch)
    return white * torch.rand(batch, 3, *_SIDES.get(batch, _OTHER_SIDES), generator=generator)
