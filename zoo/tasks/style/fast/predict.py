"""Restyles image files, folders and videos in one pass."""

from collections.abc import Sequence
from pathlib import Path

from zoo.prediction.images import ImageSource
from zoo.tasks.style.costs import measure
from zoo.tasks.style.fast.task import FastStyle
from zoo.tasks.style.predictions import StylePrediction
from zoo.tasks.style.restyle import Restyler, restyle_files


def predict(
    task: FastStyle,
    source: Path | Sequence[ImageSource],
    folder: Path | None = None,
    *,
    image_size: int | None = None,
    original_colors: bool = False,
) -> list[StylePrediction]:
    """Restyles image files and videos, or those below a folder, at a longer side of `image_size` pixels.

    By default that of training. With `folder`, writes predictions.csv, predictions.json, the images, and a video as
    MP4 without its sound.

    Raises:
        ZooError: a folder without images and videos, or a model that was not trained here.
    """
    restyler = Restyler(
        network=task,
        cost=lambda picture, content: measure(task.perceptual, picture, content)["cost"],
        device=task.device,
        size=task.picture_size(image_size),
        original_colors=original_colors,
    )
    return restyle_files(restyler, source, folder)
