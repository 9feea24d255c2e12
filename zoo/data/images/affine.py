"""Small rotations, shifts, scalings, shears and elastic distortions, drawn for each image of a batch, on the device."""

import math

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError

_BUMPS = 6  # random displacements along a side, between which those of the pixels are interpolated


class RandomAffine(nn.Module):
    """Rotates, shifts, scales and shears every image of a batch by its own random amounts.

    torchvision's `RandomAffine` draws one amount per batch. Pixels from outside the image repeat its border.

    `elastic` also bends the image: each pixel moves by a value between those of 6×6 random displacements, which have
    this standard deviation, as a fraction of the image (after Simard et al., Best Practices for Convolutional Neural
    Networks, 2003).

    Raises:
        ZooError: a negative amount, or a scale range that is not `[low, high]` with `0 < low <= high`.
    """

    def __init__(
        self, *, degrees: float, translate: float, scale: list[float], shear: float, elastic: float = 0.0
    ) -> None:
        super().__init__()
        amounts = {"degrees": degrees, "translate": translate, "shear": shear, "elastic": elastic}
        for name, value in amounts.items():
            if value < 0:
                raise ZooError(f"`data.augmentation.{name}` (={value}) must not be negative")
        if len(scale) != 2 or not 0 < scale[0] <= scale[1]:
            raise ZooError(f"`data.augmentation.scale` (={scale}) must be [low, high] with 0 < low <= high")
        self.degrees = degrees
        self.translate = translate
        self.scale = scale
        self.shear = shear
        self.elastic = elastic

    def forward(
        self, images: Float[Tensor, "b c h w"], labels: Shaped[Tensor, "b *k"]
    ) -> tuple[Float[Tensor, "b c h w"], Shaped[Tensor, "b *k"]]:
        """Transforms a batch; `degrees` and `shear` are in degrees, `translate` is a fraction of the image."""
        count, device = len(images), images.device

        def uniform(low: float, high: float) -> Tensor:
            return torch.empty(count, device=device).uniform_(low, high)

        angle = uniform(-self.degrees, self.degrees) * math.pi / 180
        skew = (uniform(-self.shear, self.shear) * math.pi / 180).tan()
        inverse_scale = 1 / uniform(*self.scale)
        cos, sin = angle.cos() * inverse_scale, angle.sin() * inverse_scale
        shift_x, shift_y = (2 * uniform(-self.translate, self.translate) for _ in "xy")
        rows = [cos, cos * skew - sin, shift_x, sin, sin * skew + cos, shift_y]
        theta = torch.stack(rows, dim=1).view(count, 2, 3)
        grid = F.affine_grid(theta, list(images.shape), align_corners=False)
        if self.elastic:
            bumps = 2 * self.elastic * torch.randn(count, 2, _BUMPS, _BUMPS, device=device)
            grid = grid + F.interpolate(bumps, images.shape[-2:], mode="bicubic", align_corners=True).movedim(1, -1)
        return F.grid_sample(images, grid, padding_mode="border", align_corners=False), labels
