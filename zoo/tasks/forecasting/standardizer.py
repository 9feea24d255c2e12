"""Standardized units: zero mean and unit scale for each channel, measured on the training part."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Standardizer(nn.Module):
    """Converts between the data's own units and standardized ones, in double precision.

    `center` and `scale` have a value for each channel of the history; the forecast channels are the first of them.
    `known_center` and `known_scale` are those of the future covariates.
    """

    center: Float[Tensor, " c"]
    scale: Float[Tensor, " c"]
    known_center: Float[Tensor, " k"]
    known_scale: Float[Tensor, " k"]

    def __init__(
        self,
        *,
        center: Sequence[float],
        scale: Sequence[float],
        known_center: Sequence[float] = (),
        known_scale: Sequence[float] = (),
    ) -> None:
        super().__init__()
        for name, values in {
            "center": center,
            "scale": scale,
            "known_center": known_center,
            "known_scale": known_scale,
        }.items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64))

    def forward(self, values: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        """Standardizes the first d channels."""
        center, scale, channels = self.center, self.scale, values.shape[2]
        if channels < len(center):
            center, scale = center[:channels], scale[:channels]
        return (values - center).div_(scale)

    def covariates(self, values: Float[Tensor, "b s k"]) -> Float[Tensor, "b s k"]:
        """Standardizes future covariates."""
        return (values - self.known_center) / self.known_scale

    def inverse(self, values: Float[Tensor, "b h d *q"]) -> Float[Tensor, "b h d *q"]:
        """Returns standardized values of the first d channels to the data's own units."""
        channels, trailing = values.shape[2], [1] * (values.ndim - 3)
        return values * self.scale[:channels].view(-1, *trailing) + self.center[:channels].view(-1, *trailing)
