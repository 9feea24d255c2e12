"""What the data of style transfer shares: styles, sizes, and the statistics of the feature network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

from zoo.data.base import DataModule
from zoo.data.images.base import Preprocessing
from zoo.data.images.file_data import IMAGENET_MEAN, IMAGENET_STD
from zoo.data.style.named import as_blend, as_names, named_picture
from zoo.data.style.pictures import LARGEST, SMALLEST
from zoo.errors import ZooError


@dataclass(kw_only=True, eq=False)
class PictureData(DataModule):
    """Images in [0, 1] with a longer side of `image_size`.

    Raises:
        ZooError: a size out of range.
    """

    fits_preprocessing = True
    memory_option = "image_size"

    image_size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if not SMALLEST <= self.image_size <= LARGEST:
            raise ZooError(f"`data.image_size` (={self.image_size}) must lie in {SMALLEST} … {LARGEST}")
        self.mean, self.std = tuple(IMAGENET_MEAN), tuple(IMAGENET_STD)

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


@dataclass(kw_only=True, eq=False)
class StyleData(PictureData):
    """Images for one style, which is `style_scale` times as large.

    A style is a file, `pattern` (drawn), or `china` or `flower` of scikit-learn; a list is blended with
    `style_weights`.

    Raises:
        ZooError: a size out of range, or weights that do not suit the styles.
    """

    style: str | list[str]
    style_weights: list[float] | None
    style_scale: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.style_names = as_names("data.style", self.style)
        self.blend = as_blend("data.style_weights", self.style_weights, len(self.style_names))
        side = self.image_size * self.style_scale
        if not SMALLEST <= side <= LARGEST:
            raise ZooError(
                f"`data.style_scale` (={self.style_scale}) makes styles of {side:.0f} pixels, where {SMALLEST} … "
                f"{LARGEST} are allowed"
            )

    def styles(self) -> list[Float[Tensor, "1 3 _ _"]]:
        """The styles."""
        side = round(self.image_size * self.style_scale)
        return [named_picture("data.style", name, side) for name in self.style_names]
