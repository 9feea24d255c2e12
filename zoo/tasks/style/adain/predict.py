"""Restyles image files, folders and videos in any style in one pass."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from zoo.prediction.images import ImageSource
from zoo.tasks.style.adain.requested import requested_style, require_share
from zoo.tasks.style.adain.task import AdaIN
from zoo.tasks.style.costs import measure
from zoo.tasks.style.predictions import StylePrediction
from zoo.tasks.style.restyle import Restyler, restyle_files


def predict(
    task: AdaIN,
    source: Path | Sequence[ImageSource],
    folder: Path | None = None,
    *,
    style: str | list[str] | None = None,
    style_weights: list[float] | None = None,
    style_scale: float = 1.0,
    alpha: float = 1.0,
    image_size: int | None = None,
    original_colors: bool = False,
) -> list[StylePrediction]:
    """Restyles image files and videos, or those below a folder, at a longer side of `image_size` pixels.

    By default that of training. `style` is a file, `pattern`, `china` or `flower`; several are blended with
    `style_weights`. Their longer side is `style_scale` times `image_size`. `alpha` is the share of the style, from 0
    to 1. With `folder`, writes predictions.csv, predictions.json, the images, and a video as MP4 without its sound.

    Raises:
        ZooError: no style, wrong weights, a folder without images and videos, or a model that was not trained here.
    """
    alpha, size = require_share(alpha), task.picture_size(image_size)
    found = requested_style(task, style, style_weights, size=size * style_scale)
    restyler = Restyler(
        network=partial(task, style=found.moments, alpha=alpha),
        cost=lambda picture, content: measure(task.perceptual, picture, content, found.grams)["cost"],
        device=task.device,
        size=size,
        original_colors=original_colors,
    )
    return restyle_files(restyler, source, folder)
