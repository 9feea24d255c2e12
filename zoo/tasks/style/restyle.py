"""Restyles image files, folders and videos with a network of one pass."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from zoo.tasks.style.predictions import StylePrediction, Writer


@dataclass(frozen=True, kw_only=True)
class Restyler:
    """How images are restyled: `network` for one on `device`, and `cost` of a result beside its content."""

    network: Callable[[Tensor], Tensor]
    cost: Callable[[Tensor, Tensor], float]
    device: torch.device
    size: int
    """Pixels of the longer side."""
    original_colors: bool

    def content(self, pixels: Float[Tensor, "1 3 _ _"], name: str) -> Float[Tensor, "1 3 h w"]:
        """An image in `size`, on the device."""
        return scaled(pixels, self.size, name).to(self.device)

    @torch.no_grad()
    def restyle(self, content: Float[Tensor, "1 3 h w"]) -> Float[Tensor, "1 3 h w"]:
        """The restyled image, in its own colors."""
        return self.network(content).float()

    def colored(self, picture: Float[Tensor, "1 3 h w"], content: Float[Tensor, "1 3 h w"]) -> Tensor:
        """The image as it is written."""
        return keep_colors(picture, content) if self.original_colors else picture


def restyle_files(
    restyler: Restyler, source: Path | Sequence[ImageSource], folder: Path | None
) -> list[StylePrediction]:
    """Restyles image files and videos, or those below a folder.

    With `folder`, writes predictions.csv, predictions.json, the images, and a video as MP4 without its sound.

    Raises:
        ZooError: a folder without images and videos.
    """
    writer, results = Writer(folder), []
    for path in _sources(source):
        if isinstance(path, Path) and is_video(path):
            results += _restyle_video(restyler, path, folder)
            continue
        try:
            content = read_picture(path, restyler.size).to(restyler.device)
        except ZooError as error:
            results.append(StylePrediction(path, error=str(error)))
            continue
        started = time.perf_counter()
        picture = restyler.restyle(content)
        seconds = time.perf_counter() - started
        cost = restyler.cost(picture, content)
        results.append(writer.written(path, restyler.colored(picture, content), cost, seconds))
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


def _restyle_video(restyler: Restyler, path: Path, folder: Path | None) -> list[StylePrediction]:
    """Restyles the frames one by one; the file is written while they are read."""
    file = None if folder is None else unused_path(folder / "images", path.stem).with_suffix(".mp4")
    results: list[StylePrediction] = []

    def restyled() -> Iterator[UInt8[Tensor, "3 h w"]]:
        for number, frame in enumerate(frames(path)):
            started = time.perf_counter()
            content = restyler.content(frame[None].float() / 255, str(path))
            pixels = to_bytes(restyler.colored(restyler.restyle(content), content))
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
