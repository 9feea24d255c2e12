"""Several views of the same images, whose predictions are averaged."""

from collections.abc import Collection

from jaxtyping import Float
from torch import Tensor

VIEWS = ("flip", "five_crops")
_PLACES = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.5))  # of what is left over: share above, share left


def views(images: Float[Tensor, "b c *size"], *, names: Collection[str], size: int) -> list[Tensor]:
    """Views of `size` pixels: the centre, with `five_crops` the corners too, and with `flip` the mirror image of each.

    Both together are the ten crops of Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural
    Networks, 2012, section 4.1.
    """
    crops = [_cut(images, place, size) for place in (_PLACES if "five_crops" in names else _PLACES[-1:])]
    return [*crops, *(crop.flip(-1) for crop in crops)] if "flip" in names else crops


def _cut(images: Tensor, place: tuple[float, float], size: int) -> Tensor:
    (height, width), (down, right) = images.shape[-2:], place
    top, left = round((height - size) * down), round((width - size) * right)
    return images[..., top : top + size, left : left + size]
