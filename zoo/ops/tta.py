"""Views for test-time augmentation, whose predictions are averaged."""

from collections.abc import Collection

from jaxtyping import Float
from torch import Tensor

VIEWS = ("flip", "five_crops")
# The fraction of the margin above and to the left of the crop: four corners and the center.
_POSITIONS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.5))


def views(images: Float[Tensor, "b c *size"], *, names: Collection[str], size: int) -> list[Tensor]:
    """Returns views of `size` pixels: the center crop, with `five_crops` also the corners, with `flip` also mirrored.

    Together they are the ten crops of Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural
    Networks, 2012, section 4.1.
    """
    positions = _POSITIONS if "five_crops" in names else _POSITIONS[-1:]
    crops = [_crop(images, position, size) for position in positions]
    return [*crops, *(crop.flip(-1) for crop in crops)] if "flip" in names else crops


def _crop(images: Tensor, position: tuple[float, float], size: int) -> Tensor:
    (height, width), (down, right) = images.shape[-2:], position
    top, left = round((height - size) * down), round((width - size) * right)
    return images[..., top : top + size, left : left + size]
