"""Images by name, built in or files, and styles with the weights that they are blended with."""

import math
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from zoo.data.images.in_memory import MemoryImage
from zoo.data.style.pictures import pattern, read_picture, sample_photograph, scaled
from zoo.errors import ZooError

BUILT_IN = ("pattern", "china", "flower")


def named_picture(key: str, name: str | MemoryImage, size: int) -> Float[Tensor, "1 3 h w"]:
    """A built-in image, or that of a file, with a longer side of `size` pixels.

    Raises:
        ZooError: names the option `key`, if there is no such image.
    """
    if name == "pattern":
        return pattern(size)
    if isinstance(name, str) and name in BUILT_IN:
        return scaled(sample_photograph(name), size, name)
    try:
        return read_picture(name, size)
    except ZooError as error:
        raise ZooError(f"`{key}`: {error}") from error


def as_names(key: str, style: str | Sequence[str]) -> list[str]:
    """The names of one style or several.

    Raises:
        ZooError: names the option `key`, if there is none.
    """
    names = [style] if isinstance(style, str) else [str(name) for name in style]
    if not names:
        raise ZooError(f"`{key}` (=[]) must name at least one image")
    return names


def as_blend(key: str, weights: Sequence[float] | None, styles: int) -> list[float]:
    """The weights of styles; null: equal ones.

    Raises:
        ZooError: names the option `key`, if they do not suit the styles.
    """
    blend = [1.0] * styles if weights is None else list(weights)
    if len(blend) != styles:
        raise ZooError(f"`{key}` (={blend}) must have one number for each of {styles} styles")
    if min(blend) < 0 or not 0 < sum(blend) < math.inf:
        raise ZooError(f"`{key}` (={blend}) must be at least 0, and not all 0")
    return blend
