"""Test-time augmentation: which views of an image may be asked for, and the margin that crops need."""

from collections.abc import Sequence
from dataclasses import replace

from zoo.data.base import DataModule
from zoo.data.images.base import Preprocessing
from zoo.data.images.image_folder import ImageFolder
from zoo.errors import ZooError, unknown
from zoo.ops.tta import VIEWS
from zoo.tasks.base import Task
from zoo.tasks.classification import Classification

_NO_MARGIN = "`tta` (=five_crops) cuts corners, and this data has no margin around what the network sees: use tta=flip"


def asked_views(asked: str | Sequence[str] | None, task: Task) -> list[str]:
    """The names of the views in a value of `tta`.

    Raises:
        ZooError: a view that does not exist, or a model that has no class probabilities of images to average.
    """
    names = [asked] if isinstance(asked, str) else list(asked or [])
    for name in names:
        if name not in VIEWS:
            raise ZooError(unknown("tta", str(name), VIEWS))
    if names and not (isinstance(task, Classification) and "preprocessing" in task.card):
        raise ZooError(f"`tta` averages class probabilities of images, which a {task.kind} model has not: leave it out")
    return names


def add_margin(datamodule: DataModule) -> int:
    """Makes data that is not loaded yet give images with their margin; the size without it.

    Raises:
        ZooError: there is none.
    """
    if not isinstance(datamodule, ImageFolder):
        raise ZooError(_NO_MARGIN)
    size = datamodule.preprocessing.size
    datamodule.preprocessing = with_margin(datamodule.preprocessing)
    return size


def remove_margin(datamodule: DataModule, size: int) -> None:
    """Lets a report show training images as the network saw them."""
    assert isinstance(datamodule, ImageFolder)
    wide = datamodule.preprocessing
    datamodule.preprocessing = replace(wide, size=size, crop_ratio=size / wide.size)


def with_margin(preprocessing: Preprocessing) -> Preprocessing:
    """The whole square of the short side, out of which crops are cut, in place of its centre.

    Raises:
        ZooError: there is no more of an image than the network sees.
    """
    short = round(preprocessing.size / preprocessing.crop_ratio)
    if preprocessing.resize != "crop" or short <= preprocessing.size:
        raise ZooError(_NO_MARGIN)
    return replace(preprocessing, size=short, crop_ratio=1.0)
