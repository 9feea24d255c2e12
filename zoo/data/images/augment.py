"""Augmentations of image batches: composition, per-image transforms, mirroring, color noise, mixup and CutMix."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from zoo.data.images.base import Augmentation
from zoo.errors import ZooError
from zoo.ops.constants import constant

# Eigenvalues and eigenvectors (columns) of the covariance of ImageNet's colors, scaled to [0, 1]. First published
# with facebook's fb.resnet.torch; the common values of reimplementations of AlexNet's color noise.
_EIGENVALUES = (0.2175, 0.0188, 0.0045)
_EIGENVECTORS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))


class Chain(nn.Module):
    """Applies augmentations one after another."""

    def __init__(self, *, steps: Sequence[Augmentation]) -> None:
        super().__init__()
        self.steps = list(steps)
        self.mixes_labels = any(getattr(step, "mixes_labels", False) for step in steps)

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Applies all steps to a batch."""
        for step in self.steps:
            images, labels = step(images, labels)
        return images, labels


class OneOf(nn.Module):
    """Applies a randomly drawn augmentation to each batch; a choice of `Chain` with no steps leaves it unchanged."""

    def __init__(self, *, choices: Sequence[Augmentation]) -> None:
        super().__init__()
        if not choices:
            raise ZooError("`choices` of OneOf is empty")
        self.choices = list(choices)
        self.mixes_labels = any(getattr(choice, "mixes_labels", False) for choice in choices)

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Applies one of the choices to a batch."""
        return self.choices[int(torch.randint(len(self.choices), ()))](images, labels)


class Each(nn.Module):
    """Applies a torchvision transform to each image: on a batch it would draw one random amount for all images."""

    def __init__(self, *, transform: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.transform = transform

    def forward(
        self, images: Float[Tensor, "b c h w"], labels: Shaped[Tensor, "b ..."]
    ) -> tuple[Float[Tensor, "b c k l"], Shaped[Tensor, "b ..."]]:
        """Transforms each image of a batch."""
        return torch.stack([self.transform(image) for image in images]), labels


class Mirror(nn.Module):
    """Mirrors half of the images left to right."""

    def forward(
        self, images: Float[Tensor, "b c h w"], labels: Shaped[Tensor, "b ..."]
    ) -> tuple[Float[Tensor, "b c h w"], Shaped[Tensor, "b ..."]]:
        """Mirrors a batch."""
        mirrored = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
        return torch.where(mirrored, images.flip(-1), images), labels


class ColorNoise(nn.Module):
    """Shifts the colors of every image along the principal axes of ImageNet's colors.

    Source: Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012, section 4.1,
    with a `std` of 0.1.

    Raises:
        ZooError: a negative standard deviation, or images without three channels.
    """

    def __init__(self, *, std: float) -> None:
        super().__init__()
        if std < 0:
            raise ZooError(f"`data.augmentation.std` (={std}) must not be negative")
        self.std = std

    def forward(
        self, images: Float[Tensor, "b c h w"], labels: Shaped[Tensor, "b ..."]
    ) -> tuple[Float[Tensor, "b c h w"], Shaped[Tensor, "b ..."]]:
        """Shifts the colors of a batch; values stay in [0, 1]."""
        if images.shape[1] != 3:
            raise ZooError(f"ColorNoise is for images of 3 channels, and these have {images.shape[1]}")
        amounts = self.std * torch.randn(len(images), 3, device=images.device)
        shift = (amounts * constant(_EIGENVALUES, images.device)) @ constant(_EIGENVECTORS, images.device).T
        return (images + shift[:, :, None, None]).clamp(0, 1), labels


class Mixup(nn.Module):
    """Blends every image and its label with those of another image; the weight is drawn from Beta(`alpha`, `alpha`).

    Source: Zhang et al., mixup: Beyond Empirical Risk Minimization, 2017, arXiv:1710.09412. One weight per batch.

    Raises:
        ZooError: `alpha` is not positive.
    """

    mixes_labels = True
    """Expects labels as class probabilities."""

    def __init__(self, *, alpha: float) -> None:
        super().__init__()
        self.alpha = _positive(alpha)

    def forward(
        self, images: Float[Tensor, "b c h w"], labels: Float[Tensor, "b k"]
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b k"]]:
        """Blends a batch with itself in random order."""
        weight, order = _draw_weight(self.alpha), torch.randperm(len(images), device=images.device)
        return _blend(images, images[order], weight), _blend(labels, labels[order], weight)


class CutMix(nn.Module):
    """Pastes a rectangle of another image into every image; labels are blended in proportion to the areas.

    Source: Yun et al., CutMix, 2019, arXiv:1905.04899. One rectangle per batch.

    Raises:
        ZooError: `alpha` is not positive.
    """

    mixes_labels = True
    """Expects labels as class probabilities."""

    def __init__(self, *, alpha: float) -> None:
        super().__init__()
        self.alpha = _positive(alpha)

    def forward(
        self, images: Float[Tensor, "b c h w"], labels: Float[Tensor, "b k"]
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b k"]]:
        """Pastes rectangles of a batch into itself in random order."""
        height, width = images.shape[-2:]
        side = (1 - _draw_weight(self.alpha)) ** 0.5
        top, bottom = _interval(height, side)
        left, right = _interval(width, side)
        order = torch.randperm(len(images), device=images.device)
        mixed = images.clone()
        mixed[:, :, top:bottom, left:right] = images[order][:, :, top:bottom, left:right]
        weight = 1 - (bottom - top) * (right - left) / (height * width)
        return mixed, _blend(labels, labels[order], weight)


def _positive(alpha: float) -> float:
    if alpha <= 0:
        raise ZooError(f"`alpha` (={alpha}) must be positive")
    return alpha


def _draw_weight(alpha: float) -> float:
    return float(torch.distributions.Beta(alpha, alpha).sample())


def _blend(a: Tensor, b: Tensor, weight: float) -> Any:
    return a * weight + b * (1 - weight)


def _interval(length: int, fraction: float) -> tuple[int, int]:
    """A random interval of `fraction` of the length, clipped to [0, length]."""
    center, half = int(torch.randint(length, ())), round(length * fraction / 2)
    return max(center - half, 0), min(center + half, length)
