"""What the data of style transfer shares: styles, sizes, and the statistics of the feature network."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

from zoo.data.base import DataModule
from zoo.data.images.base import Preprocessing
from zoo.data.images.image_folder import IMAGENET_MEAN, IMAGENET_STD
from zoo.data.style.pictures import LARGEST, SMALLEST, pattern, read_picture, sample_photograph, scaled
from zoo.errors import ZooError

BUILT_IN = ("pattern", "china", "flower")


@dataclass(kw_only=True, eq=False)
class StyleData(DataModule):
    """Images in [0, 1] with a longer side of `image_size`, and styles `style_scale` times as large.

    A style is a file, `pattern` (drawn), or `china` or `flower` of scikit-learn; a list is blended with
    `style_weights`.

    Raises:
        ZooError: a size out of range, or weights that do not suit the styles.
    """

    fits_preprocessing = True
    memory_option = "image_size"

    style: str | list[str]
    style_weights: list[float] | None
    style_scale: float
    image_size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if not SMALLEST <= self.image_size <= LARGEST:
            raise ZooError(f"`data.image_size` (={self.image_size}) must lie in {SMALLEST} … {LARGEST}")
        self.style_names = [self.style] if isinstance(self.style, str) else [str(name) for name in self.style]
        if not self.style_names:
            raise ZooError("`data.style` (=[]) must name at least one image")
        self.blend = [1.0] * len(self.style_names) if self.style_weights is None else list(self.style_weights)
        if len(self.blend) != len(self.style_names):
            raise ZooError(
                f"`data.style_weights` (={self.blend}) must have one number for each of {len(self.style_names)} styles"
            )
        if min(self.blend) < 0 or not 0 < sum(self.blend) < math.inf:
            raise ZooError(f"`data.style_weights` (={self.blend}) must be at least 0, and not all 0")
        side = self.image_size * self.style_scale
        if not SMALLEST <= side <= LARGEST:
            raise ZooError(
                f"`data.style_scale` (={self.style_scale}) makes styles of {side:.0f} pixels, where {SMALLEST} … "
                f"{LARGEST} are allowed"
            )
        self.mean, self.std = tuple(IMAGENET_MEAN), tuple(IMAGENET_STD)

    def styles(self) -> list[Float[Tensor, "1 3 _ _"]]:
        """The styles."""
        side = round(self.image_size * self.style_scale)
        return [self.picture("style", name, side) for name in self.style_names]

    def picture(self, key: str, name: str, size: int) -> Float[Tensor, "1 3 h w"]:
        """A built-in image, or that of a file.

        Raises:
            ZooError: names the option, if there is no such image.
        """
        if name == "pattern":
            return pattern(size)
        if name in BUILT_IN:
            return scaled(sample_photograph(name), size, name)
        try:
            return read_picture(name, size)
        except ZooError as error:
            raise ZooError(f"`data.{key}`: {error}") from error

    def normalize_as(self, preprocessing: Mapping[str, Any]) -> bool:
        """Adopts the mean and standard deviation for the feature network; images stay in [0, 1]."""
        if "mean" not in preprocessing:
            return False
        self.mean, self.std = tuple(preprocessing["mean"]), tuple(preprocessing["std"])
        return True

    def metadata(self) -> dict[str, Any]:
        """The statistics of the feature network."""
        return {"mean": list(self.mean), "std": list(self.std)}

    def card(self) -> dict[str, Any]:
        """Size and statistics."""
        found = Preprocessing(size=self.image_size, channels=3, mean=self.mean, std=self.std, resize="squash")
        return {"preprocessing": found.to_dict()}
