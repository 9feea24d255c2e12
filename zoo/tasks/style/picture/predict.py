"""Style transfer of image files by optimization, in the style of a trained image."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch

from zoo.data.style.pictures import read_picture
from zoo.errors import ZooError
from zoo.prediction.images import ImageSource, image_files
from zoo.tasks.style.colors import keep_colors
from zoo.tasks.style.costs import measure
from zoo.tasks.style.descent import optimize
from zoo.tasks.style.picture.task import StyleTransfer
from zoo.tasks.style.predictions import StylePrediction, Writer


def predict(
    task: StyleTransfer,
    source: Path | Sequence[ImageSource],
    folder: Path | None = None,
    *,
    steps: int = 200,
    image_size: int | None = None,
    original_colors: bool = False,
) -> list[StylePrediction]:
    """Optimizes an image for each image file, from its content, with L-BFGS and the style of the model.

    `image_size` is the longer side in pixels, by default that of training. With `folder`, writes predictions.csv,
    predictions.json and the images there.

    Raises:
        ZooError: no steps, a folder without images, or a model that was not trained here.
    """
    if steps < 1:
        raise ZooError(f"`steps` (={steps}) must be at least 1")
    size, writer, results = task.picture_size(image_size), Writer(folder), []
    for path in image_files(source):
        started = time.perf_counter()
        try:
            content = read_picture(path, size).to(task.device)
        except ZooError as error:
            results.append(StylePrediction(path, error=str(error)))
            continue
        with torch.inference_mode(False):
            picture = optimize(task.perceptual, content, content, steps=steps).picture
        costs = measure(task.perceptual, picture, content)
        shown = keep_colors(picture, content) if original_colors else picture
        seconds = time.perf_counter() - started
        results.append(writer.written(path, shown, costs["cost"], seconds))
    writer.finish(results)
    return results
