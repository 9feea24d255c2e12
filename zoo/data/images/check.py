"""Checks images of folders or a table before training: its content, broken images, and images that are there twice."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from zoo.data.base import Split
from zoo.data.images.files import IMAGES, UnreadableImage, read_image
from zoo.data.images.lazy_files import ImageFiles
from zoo.data.sample_check import FaultySample, check_samples


def check_files(splits: Mapping[Split, ImageFiles], class_names: Sequence[str] | None) -> bool:
    """Reads every image and prints the content and the problems of all splits; the labels are numbers without classes.

    Returns:
        True if every image can be read, and none has two labels or lies in two splits.
    """
    return check_samples(splits, class_names, IMAGES.noun, _examine)


def _examine(images: ImageFiles, index: int) -> bytes:
    path = images.path(index)
    try:
        read_image(path, channels=3)
    except UnreadableImage as error:
        raise FaultySample("broken image", error.reason) from None
    return sha256(path.read_bytes()).digest()
