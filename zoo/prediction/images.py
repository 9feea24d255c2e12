"""Reading image files in batches, for all image tasks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from zoo.data.images.base import Preprocessing
from zoo.data.images.files import IMAGES, UnreadableImage
from zoo.data.images.in_memory import MemoryImage
from zoo.errors import ZooError
from zoo.prediction.sources import files_below

_PIXELS = 64 * 512 * 512  # of a batch, which bounds the memory

ImageSource = Path | MemoryImage


class ReadBatch(NamedTuple):
    """A batch of files in order: the readable images, and the errors of the other files."""

    paths: list[ImageSource]
    images: UInt8[Tensor, "b c s s"]
    errors: dict[ImageSource, str]


def image_files(source: Any) -> list[ImageSource]:
    """Returns the file itself, or all image files below a folder; for a list, those of each of its entries.

    Raises:
        ZooError: the folder holds no images, or the source is a table.
    """
    if hasattr(source, "columns"):  # a data frame
        raise ZooError("this model reads images, and the source is a data frame")
    if not isinstance(source, Path):
        return [file for each in source for file in (image_files(each) if isinstance(each, Path) else [each])]
    return [*files_below(IMAGES, source)]


def read_batches(files: Sequence[ImageSource], preprocessing: Preprocessing, batch_size: int) -> Iterator[ReadBatch]:
    """Reads files with the preprocessing of the test images, `batch_size` at a time, fewer of more than 512² pixels.

    Raises:
        ZooError: the batch size is below 1.
    """
    if batch_size < 1:
        raise ZooError(f"`batch_size` (={batch_size}) must be at least 1")
    batch_size = min(batch_size, max(1, _PIXELS // preprocessing.size**2))
    for start in range(0, len(files), batch_size):
        paths, images, errors = list(files[start : start + batch_size]), [], {}
        for path in paths:
            try:
                images.append(preprocessing.read(path))
            except UnreadableImage as error:
                errors[path] = error.reason
        empty = torch.empty(0, preprocessing.channels, preprocessing.size, preprocessing.size, dtype=torch.uint8)
        yield ReadBatch(paths, torch.stack(images) if images else empty, errors)


def embed_batches(
    batches: Iterable[tuple[Sequence[ImageSource], Tensor, Mapping[ImageSource, str]]],
    embed: Callable[[Tensor], Float[Tensor, "b d"]],
) -> Float[Tensor, "n d"]:
    """The vectors that `embed` gives for the samples of all batches, such as those of `read_batches`, on the CPU.

    Raises:
        UnreadableImage: names the first file that cannot be read, since each row stands for one.
    """
    vectors = []
    for _, samples, errors in batches:
        for path, reason in errors.items():
            raise UnreadableImage(str(path), reason)
        vectors.append(embed(samples).float().cpu())
    return torch.cat(vectors)


def unused_path(folder: Path, name: str) -> Path:
    """A path for a new image: adds a number if the name is taken, as by a file of another subfolder."""
    path, number = folder / f"{name}.png", 1
    while path.exists():
        number += 1
        path = folder / f"{name}_{number}.png"
    return path
