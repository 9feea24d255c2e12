"""Winograd's minimal filtering: 3×3 convolutions with a quarter of the multiplications, for frozen kernels on a CPU.

Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016 (arXiv:1509.09308): F(4×4, 3×3), whose matrices
are those of their section 4.3. A tile of 6×6 pixels gives 4×4 outputs.
"""

from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

_OUT, _TILE = 4, 6  # pixels of a side
_TILES = 128  # at a time, so that their transforms stay in the cache
_INPUT = torch.tensor(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    dtype=torch.float64,
)
_KERNEL = torch.tensor([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]).double() / 24
_OUTPUT = torch.tensor([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]).double()
_TO_TILES, _FROM_TILES = torch.kron(_INPUT, _INPUT).float(), torch.kron(_OUTPUT, _OUTPUT).float()


class Kernels:
    """The transformed kernels of a convolution and of its gradient, each in four times the memory of the weight."""

    def __init__(self, weight: Float[Tensor, "d c 3 3"], bias: Float[Tensor, " d"] | None = None) -> None:
        self._weight = weight
        self.bias = bias

    @cached_property
    def forward(self) -> Float[Tensor, "36 c d"]:
        """Those of the convolution."""
        return _transformed(self._weight)

    @cached_property
    def backward(self) -> Float[Tensor, "36 d c"]:
        """Those of the gradient, which is the convolution with turned kernels."""
        return _transformed(self._weight.flip(2, 3).transpose(0, 1))


def winograd_conv2d(images: Float[Tensor, "b c h w"], kernels: Kernels) -> Float[Tensor, "b d h w"]:
    """Returns the convolution with a padding of 1, in single precision; gradients reach the images alone.

    Errors are 10⁻⁵ of the largest value of a tile, where those of a plain convolution are some 10⁻⁷ of each value.

    >>> weight, images = torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 3)
    >>> winograd_conv2d(images, Kernels(weight)).round()
    tensor([[[[4., 6., 4.],
              [4., 6., 4.]]]])
    """
    found: Tensor = _Winograd.apply(images.permute(0, 2, 3, 1), kernels)
    return found[:, : images.shape[2], : images.shape[3]].permute(0, 3, 1, 2)


class _Winograd(torch.autograd.Function):
    """In the memory layout of channels last; the outputs are whole tiles."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, kernels: Kernels) -> Tensor:
        ctx.kernels, ctx.size = kernels, images.shape[1:3]
        found = _convolved(images, kernels.forward)
        return found if kernels.bias is None else found.add_(kernels.bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        height, width = ctx.size
        found = _convolved(gradient[:, :height, :width], ctx.kernels.backward)
        return found[:, :height, :width], None


@torch.inference_mode(False)
@torch.no_grad()
def _transformed(weight: Float[Tensor, "d c 3 3"]) -> Float[Tensor, "36 c d"]:
    found = torch.einsum("ik,dckl,jl->ijcd", _KERNEL, weight.double(), _KERNEL)
    return found.reshape(_TILE * _TILE, *found.shape[2:]).float().contiguous()


def _convolved(x: Float[Tensor, "b h w c"], kernels: Float[Tensor, "36 c d"]) -> Float[Tensor, "b i j d"]:
    (height, width), (channels, out) = x.shape[1:3], kernels.shape[1:]
    rows, columns = -(-height // _OUT), -(-width // _OUT)  # of tiles
    padded = F.pad(x, (0, 0, 1, 1 + _OUT * columns - width, 1, 1 + _OUT * rows - height)).contiguous()
    found = x.new_empty(len(x), _OUT * rows, _OUT * columns, out)
    at_once = max(_TILES // columns, 1)
    for source, target in zip(padded, found, strict=True):
        for first in range(0, rows, at_once):
            count = min(at_once, rows - first)
            part = source[_OUT * first : _OUT * (first + count) + 2]
            tiles = part.unfold(0, _TILE, _OUT).unfold(1, _TILE, _OUT).permute(3, 4, 0, 1, 2)
            transformed = (_TO_TILES @ tiles.reshape(_TILE**2, -1)).view(_TILE**2, -1, channels)
            product = torch.bmm(transformed, kernels).view(_TILE**2, -1)
            outputs = (_FROM_TILES @ product).view(_OUT, _OUT, count, columns, out)
            place = target[_OUT * first : _OUT * (first + count)].view(count, _OUT, columns, _OUT, out)
            place.copy_(outputs.permute(2, 0, 3, 1, 4))
    return found
