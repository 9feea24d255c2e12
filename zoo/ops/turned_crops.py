"""Crops of images by turned rectangles."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

_FINER = 2  # samples for each pixel of a crop along both axes, so that a reduced crop does not alias


def turned_crops(
    images: Float[Tensor, "b c s s"],
    center: Float[Tensor, "b 2"],
    sides: Float[Tensor, "b 2"],
    direction: Float[Tensor, "b 2"],
    size: int,
) -> Float[Tensor, "b c n n"]:
    """Resamples a rectangle of each image to `size` × `size` pixels; outside an image there is zero.

    `center` (x, y) and `sides` are fractions of the image's side. The rows of the crop run along `direction`, a unit
    vector, over the first of the sides. A pixel is the mean of four bilinear samples.

    >>> center, sides, direction = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.5, 0.5]]), torch.tensor([[1.0, 0.0]])
    >>> turned_crops(torch.arange(16.0).view(1, 1, 4, 4), center, sides, direction, 2)
    tensor([[[[ 5.,  6.],
              [ 9., 10.]]]])
    >>> turned_crops(torch.arange(16.0).view(1, 1, 4, 4), center, sides, direction.flip(1), 2)  # its rows run downwards
    tensor([[[[ 6., 10.],
              [ 5.,  9.]]]])
    """
    samples = _FINER * size
    steps = (torch.arange(samples, dtype=sides.dtype, device=sides.device) + 0.5) / samples - 0.5
    along = sides[:, :1] * direction
    down = sides[:, 1:] * torch.stack([-direction[:, 1], direction[:, 0]], 1)  # a quarter turn from the direction
    places = center[:, None, None] + steps[:, None, None] * down[:, None, None] + steps[:, None] * along[:, None, None]
    fine = F.grid_sample(images, (2 * places - 1).to(images.dtype), align_corners=False)
    return F.avg_pool2d(fine, _FINER)
