"""Random resized crops, drawn for each image of a batch, on the device."""

import math

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError


class RandomCrop(nn.Module):
    """Crops a random rectangle of every image, resizes it to `size`, and mirrors half of them left to right.

    The augmentation of GoogLeNet and its successors (Szegedy et al., 2014, arXiv:1409.4842, section 6). `area` is the
    crop's share of the image, `aspect` its width divided by its height. Differences from torchvision's
    `RandomResizedCrop`: each image has its own crop, not one per batch; a crop wider or higher than the image is
    clipped, not redrawn; downscaling, which is by `crop_ratio` at most, has no antialiasing.

    Raises:
        ZooError: a range that is not `[low, high]` with `0 < low <= high`, or an area above 1.
    """

    def __init__(self, *, size: int, area: list[float], aspect: list[float], flip: bool) -> None:
        super().__init__()
        for name, values in (("area", area), ("aspect", aspect)):
            if len(values) != 2 or not 0 < values[0] <= values[1]:
                raise ZooError(f"`data.augmentation.{name}` (={values}) must be [low, high] with 0 < low <= high")
        if area[1] > 1:
            raise ZooError(f"`data.augmentation.area` (={area}) must not be above 1, the whole image")
        self.size = size
        self.area = area
        self.aspect = aspect
        self.flip = flip

    def forward(
        self, images: Float[Tensor, "b c h w"], labels: Shaped[Tensor, "b ..."]
    ) -> tuple[Float[Tensor, "b c s s"], Shaped[Tensor, "b ..."]]:
        """Crops, resizes and mirrors a batch."""
        count, channels, height, width = images.shape

        def uniform(low: float, high: float) -> Tensor:
            return torch.empty(count, device=images.device).uniform_(low, high)

        area = uniform(*self.area) * height * width
        aspect = uniform(math.log(self.aspect[0]), math.log(self.aspect[1])).exp()
        wide = ((area * aspect).sqrt() / width).clamp(max=1)  # fraction of the image
        high = ((area / aspect).sqrt() / height).clamp(max=1)
        right, down = uniform(-1, 1) * (1 - wide), uniform(-1, 1) * (1 - high)
        if self.flip:
            wide = torch.where(uniform(0, 1) < 0.5, -wide, wide)
        nothing = torch.zeros_like(wide)
        theta = torch.stack([wide, nothing, right, nothing, high, down], dim=1).view(count, 2, 3)
        grid = F.affine_grid(theta, [count, channels, self.size, self.size], align_corners=False)
        return F.grid_sample(images, grid, padding_mode="border", align_corners=False), labels
