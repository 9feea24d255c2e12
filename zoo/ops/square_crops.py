"""Differentiable square crops of maps."""

import torch
from jaxtyping import Float
from torch import Tensor


def square_crops(
    maps: Float[Tensor, "b c h w"], center: Float[Tensor, "b 2"], side: Float[Tensor, " b"], size: int
) -> Float[Tensor, "b c s s"]:
    """Resamples a square of each map to `size` × `size` cells; outside a map there is zero.

    `center` (x, y) and `side` are fractions of the map. Where the crop magnifies, it is bilinear. Where it reduces,
    each cell is a mean under a triangle as wide as two cells of the crop. The weights of rows and columns are two
    matrices, as in DRAW (Gregor et al. 2015, arXiv:1502.04623, section 3.2), which has Gaussians: products of
    matrices have deterministic gradients on a GPU, and those of `grid_sample` do not.

    >>> square_crops(torch.arange(16.0).view(1, 1, 4, 4), torch.tensor([[0.5, 0.5]]), torch.tensor([0.5]), 2)
    tensor([[[[ 5.,  6.],
              [ 9., 10.]]]])
    """
    rows, columns = (
        _weights(center[:, axis], side, size, cells).to(maps.dtype)
        for axis, cells in ((1, maps.shape[2]), (0, maps.shape[3]))
    )
    return rows[:, None] @ maps @ columns.transpose(1, 2)[:, None]


def _weights(
    center: Float[Tensor, " b"], side: Float[Tensor, " b"], size: int, cells: int
) -> Float[Tensor, "b size cells"]:
    offsets = (torch.arange(size, dtype=center.dtype, device=center.device) + 0.5) / size - 0.5
    places = (center[:, None] + side[:, None] * offsets) * cells
    reach = (side * cells / size).clamp(min=1)[:, None, None]
    distances = (places[:, :, None] - (torch.arange(cells, dtype=center.dtype, device=center.device) + 0.5)).abs()
    return (1 - distances / reach).clamp(min=0) / reach
