"""Small rotations, shifts, scalings and shears, drawn for each image of a batch, on the device."""

import math

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError


class RandomAffine(nn.Module):
    """Rotates, shifts, scales and shears every image of a batch by its own random amounts.

    torchvision's `RandomAffine` draws one amount per batch. Pixels from outside the image repeat its border.

    Raises:
        ZooError: a negative amount, or a scale range that is not `[low, high]` with `0 < low <= high`.
    """

    def __init__(self, *, degrees: float, translate: float, scale: list[float], shear: float) -> None:
        super().__init__()
        for name, value in (("degrees", degrees), ("translate", translate), ("shear", shear)):
            if value < 0:
                raise ZooError(f"`data.augmentation.{name}` (={value}) must not be negative")
        if len(scale) != 2 or not 0 < scale[0] <= scale[1]:
            raise ZooError(f"`data.augmentation.scale` (={scale}) must be [low, high] with 0 < low <= high")
        self.degrees = degrees
        self.translate = translate
        self.scale = scale
        self.shear = shear

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
        return F.grid_sample(images, grid, padding_mode="border", align_corners=False), labels
