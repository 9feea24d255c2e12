"""Shifts by whole pixels and mirroring, drawn for each image of a batch, on the device."""

import torch
from jaxtyping import Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError


class ShiftAndFlip(nn.Module):
    """Shifts every image by up to `pixels` in each direction and mirrors half of them left to right.

    The augmentation of He et al. (2015, arXiv:1512.03385, section 4.2): pads an image of 32×32 with four black
    pixels on each side, then crops 32×32 at random. It does not resample, so images stay sharp.

    Raises:
        ZooError: a negative shift.
    """

    def __init__(self, *, pixels: int, flip: bool) -> None:
        super().__init__()
        if pixels < 0:
            raise ZooError(f"`data.augmentation.pixels` (={pixels}) must not be negative")
        self.pixels = pixels
        self.flip = flip

    def forward(
        self, images: Shaped[Tensor, "b c h w"], labels: Shaped[Tensor, "b ..."]
    ) -> tuple[Shaped[Tensor, "b c h w"], Shaped[Tensor, "b ..."]]:
        """Shifts and mirrors a batch."""
        count, _, height, width = images.shape
        device, pixels = images.device, self.pixels
        rows = torch.arange(height, device=device) + torch.randint(2 * pixels + 1, (count, 1), device=device)
        columns = torch.arange(width, device=device) + torch.randint(2 * pixels + 1, (count, 1), device=device)
        if self.flip:
            mirrored = torch.rand(count, 1, device=device) < 0.5
            columns = torch.where(mirrored, columns.flip(1), columns)
        padded = F.pad(images, (pixels,) * 4)
        which = torch.arange(count, device=device)[:, None, None]
        cut = padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]]
        return cut.permute(0, 3, 1, 2).contiguous(), labels
