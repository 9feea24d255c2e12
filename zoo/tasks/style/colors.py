"""Colors of images: transfer by mean and covariance, and the colors of one with the luminance of another."""

import torch
from jaxtyping import Float
from torch import Tensor

_LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in YIQ and YUV
_LEAST = 1e-6  # variance of a color, below which it is constant


def transfer_colors(picture: Float[Tensor, "1 3 h w"], style: Float[Tensor, "1 3 _ _"]) -> Float[Tensor, "1 3 h w"]:
    """Returns an image whose colors have the mean and the covariance of those of a style.

    Of all linear maps to this end it takes the one with symmetric square roots. Source: Gatys et al., Preserving Color
    in Neural Artistic Style Transfer, 2016, arXiv:1606.05897, section 3, "image analogies".
    """
    (mean, covariance), (other, wanted) = (_moments(each) for each in (picture, style))
    root, inverse = _power(wanted, 0.5), _power(covariance, -0.5)
    flat = (root @ inverse) @ (picture[0].double().flatten(1) - mean) + other
    return flat.clamp(0, 1).to(picture.dtype).view_as(picture)


def keep_colors(picture: Float[Tensor, "1 3 h w"], content: Float[Tensor, "1 3 h w"]) -> Float[Tensor, "1 3 h w"]:
    """Returns the luminance of an image with the colors of the content.

    Source: the option of original colors of jcjohnson/neural-style; section 4 of the paper above.
    """
    weights = torch.tensor(_LUMINANCE, device=picture.device, dtype=picture.dtype).view(1, 3, 1, 1)
    difference = ((picture - content) * weights).sum(1, keepdim=True)
    return (content + difference).clamp(0, 1)


def _moments(picture: Tensor) -> tuple[Tensor, Tensor]:
    flat = picture[0].double().flatten(1)
    return flat.mean(1, keepdim=True), torch.cov(flat)


def _power(covariance: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return vectors @ torch.diag(values.clamp(min=_LEAST) ** exponent) @ vectors.T
