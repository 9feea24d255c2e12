"""Augmentation that keeps the identity: pose, smooth distortion and lighting."""

import math

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError

_WARP_POINTS = 5  # control points of a smooth distortion on each side


class IdentityAugmentation(nn.Module):
    """Transforms, distorts, relights and mirrors each image of a batch by its own random amounts, on the device.

    `degrees` and `shear` are in degrees, `translate` is a fraction of the image, `scale` a relative change of size
    (and half of it a change of aspect ratio). `warp` is the standard deviation of the control points of a smooth
    distortion, in halves of the image. `lighting` is the strength of random contrast, brightness and a gradient of
    light. Pixels from outside the image repeat its border.

    Raises:
        ZooError: a negative amount, or a scale of 1 or more.
    """

    def __init__(
        self,
        *,
        degrees: float,
        translate: float,
        scale: float,
        shear: float,
        warp: float,
        lighting: float,
        mirror: bool,
    ) -> None:
        super().__init__()
        amounts = {"degrees": degrees, "translate": translate, "shear": shear, "warp": warp, "lighting": lighting}
        for name, value in amounts.items():
            if value < 0:
                raise ZooError(f"`data.augmentation.{name}` (={value}) must not be negative")
        if not 0 <= scale < 0.6:
            raise ZooError(f"`data.augmentation.scale` (={scale}) must be at least 0 and below 0.6")
        self.degrees = degrees
        self.translate = translate
        self.scale = scale
        self.shear = shear
        self.warp = warp
        self.lighting = lighting
        self.mirror = mirror

    def forward(
        self, images: Float[Tensor, "b c h w"], identities: Shaped[Tensor, "b *k"]
    ) -> tuple[Float[Tensor, "b c h w"], Shaped[Tensor, "b *k"]]:
        """Augments the images of a batch."""
        moved = F.grid_sample(images, self._grid(images), padding_mode="border", align_corners=False)
        return (self._relight(moved) if self.lighting else moved), identities

    def _grid(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b h w 2"]:
        count, device = len(images), images.device
        angle = _spread(count, device) * self.degrees * math.pi / 180
        skew = (_spread(count, device) * self.shear * math.pi / 180).tan()
        size = 1 + _spread(count, device) * self.scale
        aspect = 1 + _spread(count, device) * self.scale / 2
        shift_x, shift_y = (2 * _spread(count, device) * self.translate for _ in "xy")
        mirror = torch.ones(count, device=device)
        if self.mirror:
            mirror = 1 - 2 * torch.randint(0, 2, (count,), device=device).to(mirror.dtype)
        cos, sin = angle.cos() * size, angle.sin() * size
        rows = [cos * aspect * mirror, cos * skew - sin, shift_x, sin * mirror, (sin * skew + cos) / aspect, shift_y]
        theta = torch.stack(rows, dim=1).view(count, 2, 3)
        grid = F.affine_grid(theta, list(images.shape), align_corners=False)
        if self.warp:
            points = torch.randn(count, 2, _WARP_POINTS, _WARP_POINTS, device=device) * self.warp
            smooth = F.interpolate(points, size=images.shape[2:], mode="bicubic", align_corners=True)
            grid = grid + smooth.permute(0, 2, 3, 1)
        return grid

    def _relight(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        count, device = len(images), images.device
        across = torch.linspace(-1, 1, images.shape[3], device=device)
        down = torch.linspace(-1, 1, images.shape[2], device=device)[:, None]
        contrast, bright, slope_x, slope_y = (
            (_spread(count, device) * self.lighting).view(-1, 1, 1, 1) for _ in range(4)
        )
        light = (bright + slope_x * across + slope_y * down) / 2
        return (images - 0.5) * contrast.exp() + 0.5 + light


def _spread(count: int, device: torch.device) -> Float[Tensor, " b"]:
    """A uniform number in [-1, 1] for each image."""
    return torch.empty(count, device=device).uniform_(-1, 1)
