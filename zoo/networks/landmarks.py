"""Landmark detection of at most one object: presence, points and class."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.networks.yolo import ConvBlock, Residual


class LandmarkNetwork(nn.Module):
    """Landmark network: regresses presence, points and class of one object from a convolutional trunk.

    The output is the vector [presence, x1, y1, …, xK, yK, c1 … cC]: logits of presence and classes, and points as
    fractions of the image. Fully connected layers over the last map keep positions. Two points, the corners of a box,
    give a localization network.

    Direct regression of points: Sun et al., Deep Convolutional Network Cascade for Facial Point Detection, 2013.
    """

    channels_last = True

    def __init__(
        self,
        *,
        num_points: int = 4,
        num_classes: int = 10,
        in_channels: int = 3,
        image_size: int = 64,
        widths: Sequence[int] = (16, 32, 64, 96),
    ) -> None:
        super().__init__()
        self.num_points = num_points
        stages: list[nn.Module] = []
        channels = in_channels
        for width in widths:
            stages += [ConvBlock(in_channels, width, 3, 2), Residual(width)]
            in_channels = width
        self.trunk = nn.Sequential(*stages)
        self.reduce = ConvBlock(in_channels, 32, 1)
        with torch.no_grad():
            side = self.trunk.eval()(torch.zeros(1, channels, image_size, image_size)).shape[-1]
        self.trunk.train()
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(32 * side * side, 128), nn.SiLU(), nn.Linear(128, 1 + 2 * num_points + num_classes)
        )

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b values"]:
        """Returns the vector of each image."""
        return self.head(self.reduce(self.trunk(images)))
