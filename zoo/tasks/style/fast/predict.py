"""Restyles image files, folders and videos in one pass."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from zoo.data.style.pictures import read_picture, scaled, to_bytes
from zoo.data.video import VIDEOS, frame_rate, frames, is_video, write_video
from zoo.errors import ZooError
from zoo.prediction.images import ImageSource, image_files, unused_path
from zoo.tasks.style.colors import keep_colors
from zoo.tasks.style.costs import measure
from zoo.tasks.style.fast.task import FastStyle
from zoo.tasks.style.predictions import StylePrediction, Writer


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
    size, writer, results = task.picture_size(image_size), Writer(folder), []
    for path in _sources(source):
        if isinstance(path, Path) and is_video(path):
            results += _restyle_video(task, path, size, folder, original_colors=original_colors)
            continue
        try:
            content = read_picture(path, size).to(task.device)
        except ZooError as error:
            results.append(StylePrediction(path, error=str(error)))
            continue
        started = time.perf_counter()
        picture = _restyled(task, content, original_colors=False)
        seconds = time.perf_counter() - started
        cost = measure(task.perceptual, picture, content)["cost"]
        results.append(
            writer.written(path, keep_colors(picture, content) if original_colors else picture, cost, seconds)
        )
    writer.finish(results)
    return results


def _sources(source: Any) -> list[ImageSource]:
    """Image files and videos; a folder may hold both."""
    if isinstance(source, Path) and source.is_dir() and (videos := VIDEOS.names(source)):
        try:
            images = image_files(source)
        except ZooError:
            images = []
        return [*images, *(source / name for name in videos)]
    return image_files(source)


@torch.no_grad()
def _restyled(task: FastStyle, content: Float[Tensor, "1 3 h w"], *, original_colors: bool) -> Tensor:
    picture = task(content).float()
    return keep_colors(picture, content) if original_colors else picture


def _restyle_video(
    task: FastStyle, path: Path, size: int, folder: Path | None, *, original_colors: bool
) -> list[StylePrediction]:
    """Restyles the frames one by one; the file is written while they are read."""
    file = None if folder is None else unused_path(folder / "images", path.stem).with_suffix(".mp4")
    results: list[StylePrediction] = []

    def restyled() -> Iterator[UInt8[Tensor, "3 h w"]]:
        for number, frame in enumerate(frames(path)):
            started = time.perf_counter()
            content = scaled(frame[None].float() / 255, size, str(path)).to(task.device)
            pixels = to_bytes(_restyled(task, content, original_colors=original_colors))
            seconds = time.perf_counter() - started
            kept = pixels if file is None else None  # a long video would fill the memory
            results.append(StylePrediction(path, kept, file, None, seconds, number))
            yield pixels

    try:
        if file is None:
            list(restyled())
        else:
            write_video(file, restyled(), frame_rate(path))
    except ZooError as error:
        return [*results, StylePrediction(path, error=str(error))]
    return results
