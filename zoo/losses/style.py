"""Costs of neural style transfer, as pure functions of feature maps and images.

Content and style: Gatys, Ecker and Bethge, Image Style Transfer Using Convolutional Neural Networks, 2016. Moments:
Huang and Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, 2017
(arXiv:1703.06868). A map has N channels and M positions. Costs are means over the images of a batch.
"""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

Normalization = Literal["gatys", "chw"]
NORMALIZATIONS: tuple[Normalization, ...] = ("gatys", "chw")
EPSILON = 1e-5  # of variances, as in the authors' code of AdaIN


class Moments(NamedTuple):
    """Mean and standard deviation of each channel over the positions."""

    mean: Float[Tensor, "b n 1 1"]
    std: Float[Tensor, "b n 1 1"]


def gram_matrix(features: Float[Tensor, "b n h w"]) -> Float[Tensor, "b n n"]:
    """Returns inner products of channels, averaged over the positions: those of images of any size compare."""
    flat = features.permute(0, 2, 3, 1).flatten(1, 2)  # no copy of channels-last maps, in either direction
    return flat.mT @ flat / flat.shape[1]


def content_cost(
    features: Float[Tensor, "b n h w"], target: Float[Tensor, "b n h w"], *, normalization: Normalization
) -> Float[Tensor, ""]:
    """Returns half the sum of squared differences (`gatys`), or their mean (`chw`)."""
    squares = (features - target).square()
    return squares.sum() / 2 / len(features) if normalization == "gatys" else squares.mean()


def style_cost(
    features: Float[Tensor, "b n h w"], target: Float[Tensor, "#b n n"], *, normalization: Normalization
) -> Float[Tensor, ""]:
    """Returns the squared distance of Gram matrices, of which `target` is the `gram_matrix` of the style.

    `gatys` is 1/(4 N² M²) of the sum of squares for Gram matrices that are sums over positions. `chw` divides such
    matrices by N·M and averages the squares over their N² entries, as PyTorch's tutorial and the code of Gatys do.
    """
    channels = features.shape[1]
    squares = (gram_matrix(features) - target).square().sum() / len(features)
    return squares / (4 * channels**2) if normalization == "gatys" else squares / channels**4


def total_variation(images: Float[Tensor, "b c h w"]) -> Float[Tensor, ""]:
    """Returns the mean squared difference of vertical neighbors plus that of horizontal neighbors.

    The mean in place of a sum makes the weight independent of the size.
    """
    vertical = images[..., 1:, :] - images[..., :-1, :]
    horizontal = images[..., 1:] - images[..., :-1]
    return vertical.square().mean() + horizontal.square().mean()


def channel_moments(features: Float[Tensor, "b n h w"]) -> Moments:
    """Returns mean and standard deviation of each channel; the variance is unbiased, plus 1e-5."""
    variance, mean = torch.var_mean(features, dim=(2, 3), keepdim=True)
    return Moments(mean, (variance + EPSILON).sqrt())


def adaptive_instance_norm(features: Float[Tensor, "b n h w"], style: Moments) -> Float[Tensor, "b n h w"]:
    """Returns the features with the moments of a style in each channel (AdaIN)."""
    own = channel_moments(features)
    return (features - own.mean) / own.std * style.std + style.mean


def moment_cost(features: Float[Tensor, "b n h w"], style: Moments) -> Float[Tensor, ""]:
    """Returns the squared distances of means and of standard deviations, averaged over the channels."""
    own = channel_moments(features)
    return (own.mean - style.mean).square().mean() + (own.std - style.std).square().mean()
