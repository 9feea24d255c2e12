"""Test-time augmentation: the requested views, and the image margin that crops need."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from zoo.data.base import DataModule
from zoo.data.images.base import Preprocessing
from zoo.data.images.image_folder import ImageFolder
from zoo.errors import ZooError, unknown
from zoo.ops.tta import VIEWS

CROPS = "five_crops"
_NO_MARGIN = "`tta` (=five_crops) cuts corners, and this data has no margin around what the network sees: use tta=flip"


def requested_views(tta: str | Sequence[str] | None, card: Mapping[str, Any]) -> list[str]:
    """Parses the option `tta` for a model with this card.

    Raises:
        ZooError: a view is unknown, or the model takes no images.
    """
    several = isinstance(tta, Sequence) and not isinstance(tta, str)
    names = [*(tta or [])] if several else [str(tta)] if tta else []
    for name in names:
        if name not in VIEWS:
            raise ZooError(unknown("tta", str(name), VIEWS))
    if names and ("preprocessing" not in card or card.get("inputs", "images") != "images"):
        raise ZooError("`tta` averages class probabilities of images, and this model takes none: leave it out")
    return names


def add_margin(datamodule: DataModule) -> int:
    """Lets data that is not loaded yet return images with a margin; returns the size without it.

    Raises:
        ZooError: the data has no margin.
    """
    if not isinstance(datamodule, ImageFolder):
        raise ZooError(_NO_MARGIN)
    size = datamodule.preprocessing.size
    datamodule.preprocessing = with_margin(datamodule.preprocessing)
    return size


def remove_margin(datamodule: DataModule, size: int) -> None:
    """Restores images of `size` pixels without a margin."""
    assert isinstance(datamodule, ImageFolder)
    wide = datamodule.preprocessing
    datamodule.preprocessing = replace(wide, size=size, crop_ratio=size / wide.size)


def with_margin(preprocessing: Preprocessing) -> Preprocessing:
    """Keeps the square of the full short side, from which crops are cut, instead of its center.

    Raises:
        ZooError: the preprocessing already keeps the full square.
    """
    short = round(preprocessing.size / preprocessing.crop_ratio)
    if preprocessing.resize != "crop" or short <= preprocessing.size:
        raise ZooError(_NO_MARGIN)
    return replace(preprocessing, size=short, crop_ratio=1.0)
