"""Augmentations of image batches: in a row, one of several, each image by itself, colours, mixed images."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from zoo.data.images.base import Augmentation
from zoo.errors import ZooError

# Eigenvalues and eigenvectors (columns) of the covariance of ImageNet's colours on the scale [0, 1]; the values that
# every reimplementation of AlexNet's colour noise shares, first published with facebook's fb.resnet.torch.
_SPREAD = (0.2175, 0.0188, 0.0045)
_AXES = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))


class Chain:
    """Augmentations one after another."""

    def __init__(self, *, steps: Sequence[Augmentation]) -> None:
        self.steps = list(steps)
        self.mixes_labels = any(getattr(step, "mixes_labels", False) for step in steps)

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The batch through all steps."""
        for step in self.steps:
            images, labels = step(images, labels)
        return images, labels


class OneOf:
    """One of several augmentations for each batch, drawn at random; an image may be left to none with `Chain` of []."""

    def __init__(self, *, choices: Sequence[Augmentation]) -> None:
        if not choices:
            raise ZooError("`choices` of OneOf is empty")
        self.choices = list(choices)
        self.mixes_labels = any(getattr(choice, "mixes_labels", False) for choice in choices)

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The batch through one of them."""
        return self.choices[int(torch.randint(len(self.choices), ()))](images, labels)


class Each:
    """A transform of torchvision for every image by itself, since for a batch it would draw one amount for all."""

    def __init__(self, *, transform: Callable[[Tensor], Tensor]) -> None:
        self.transform = transform

    def __call__(
        self, images: Float[Tensor, "b c h w"], labels: Shaped[Tensor, "b ..."]
    ) -> tuple[Float[Tensor, "b c k l"], Shaped[Tensor, "b ..."]]:
        """The batch with every image transformed."""
        return torch.stack([self.transform(image) for image in images]), labels


class Mirror:
    """Half of the images left to right."""

    def __call__(
        self, images: Float[Tensor, "b c h w"], labels: Shaped[Tensor, "b ..."]
    ) -> tuple[Float[Tensor, "b c h w"], Shaped[Tensor, "b ..."]]:
        """The batch mirrored."""
        turned = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
        return torch.where(turned, images.flip(-1), images), labels


class ColorNoise:
    """Shifts the colours of every image along the principal axes of ImageNet's colours.

    Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012, section 4.1, whose `std`
    is 0.1.

    Raises:
        ZooError: a negative deviation, or images without three channels.
    """

    def __init__(self, *, std: float) -> None:
        if std < 0:
            raise ZooError(f"`data.augmentation.std` (={std}) must not be negative")
        self.std = std

    def __call__(
        self, images: Float[Tensor, "b c h w"], labels: Shaped[Tensor, "b ..."]
    ) -> tuple[Float[Tensor, "b c h w"], Shaped[Tensor, "b ..."]]:
        """The batch in other colours; they stay in [0, 1]."""
        if images.shape[1] != 3:
            raise ZooError(f"ColorNoise is for images of 3 channels, and these have {images.shape[1]}")
        amounts = self.std * torch.randn(len(images), 3, device=images.device)
        shift = (amounts * amounts.new_tensor(_SPREAD)) @ amounts.new_tensor(_AXES).T
        return (images + shift[:, :, None, None]).clamp(0, 1), labels


class Mixup:
    """Every image blended with another one, and their labels in the same share, drawn from Beta(`alpha`, `alpha`).

    Zhang et al., mixup: Beyond Empirical Risk Minimization, 2017, arXiv:1710.09412. One share for a batch.

    Raises:
        ZooError: `alpha` is not positive.
    """

    mixes_labels = True
    """Labels arrive as class probabilities."""

    def __init__(self, *, alpha: float) -> None:
        self.alpha = _positive(alpha)

    def __call__(
        self, images: Float[Tensor, "b c h w"], labels: Float[Tensor, "b k"]
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b k"]]:
        """The batch blended with itself in another order."""
        share, order = _share(self.alpha), torch.randperm(len(images), device=images.device)
        return _blend(images, images[order], share), _blend(labels, labels[order], share)


class CutMix:
    """A rectangle of every image replaced by that of another one, and the labels in the share of the areas.

    Yun et al., CutMix, 2019, arXiv:1905.04899. One rectangle for a batch.

    Raises:
        ZooError: `alpha` is not positive.
    """

    mixes_labels = True
    """Labels arrive as class probabilities."""

    def __init__(self, *, alpha: float) -> None:
        self.alpha = _positive(alpha)

    def __call__(
        self, images: Float[Tensor, "b c h w"], labels: Float[Tensor, "b k"]
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b k"]]:
        """The batch with parts of itself in another order."""
        height, width = images.shape[-2:]
        side = (1 - _share(self.alpha)) ** 0.5
        top, bottom = _interval(height, side)
        left, right = _interval(width, side)
        order = torch.randperm(len(images), device=images.device)
        mixed = images.clone()
        mixed[:, :, top:bottom, left:right] = images[order][:, :, top:bottom, left:right]
        share = 1 - (bottom - top) * (right - left) / (height * width)
        return mixed, _blend(labels, labels[order], share)


def _positive(alpha: float) -> float:
    if alpha <= 0:
        raise ZooError(f"`alpha` (={alpha}) must be positive")
    return alpha


def _share(alpha: float) -> float:
    return float(torch.distributions.Beta(alpha, alpha).sample())


def _blend(a: Tensor, b: Tensor, share: float) -> Any:
    return a * share + b * (1 - share)


def _interval(length: int, share: float) -> tuple[int, int]:
    """An interval of `share` of the length around a random centre, cut at the ends."""
    centre, half = int(torch.randint(length, ())), round(length * share / 2)
    return max(centre - half, 0), min(centre + half, length)
