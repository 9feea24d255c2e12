"""What a prediction looks at: whole images, frames of videos, or squares around given boxes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jaxtyping import UInt8
from torch import Tensor

from zoo.data.images.files import UnreadableImage, read_image
from zoo.data.landmarks.box_files import GivenBox, read_boxes
from zoo.data.landmarks.squares import Box, Square, around, fits_into, whole
from zoo.data.video import frames, is_video
from zoo.errors import ZooError
from zoo.prediction.images import ImageSource, image_files


@dataclass(frozen=True)
class Region:
    """A square of an image, or the reason why the image cannot be read."""

    path: ImageSource
    image: UInt8[Tensor, "3 h w"] | None = None
    square: Square | None = None
    frame: int | None = None
    box: GivenBox | None = None
    error: str | None = None

    @property
    def corners(self) -> Box | None:
        """Those of the given box, xyxy in pixels."""
        return None if self.box is None else self.box.corners


@dataclass(frozen=True)
class Boxes:
    """The boxes of `boxes=FILE` by the path of their image."""

    by_path: Mapping[Path, Sequence[GivenBox]]
    categories: Mapping[str, int] = field(default_factory=dict)
    """Category ids of a COCO file by the names of classes."""


def given_boxes(source: Path | Sequence[ImageSource], file: str) -> Boxes:
    """Reads `boxes=FILE` for the images below `source`.

    Raises:
        ZooError: the source is no folder or image, or the file is unusable or names none of its images.
    """
    if not isinstance(source, Path):
        raise ZooError("`boxes` names images by their files: give source=FOLDER")
    folder = source if source.is_dir() else source.parent
    content = read_boxes(Path(file).expanduser(), folder)
    if content.left_out is not None:
        print(content.left_out)
    return Boxes(content.boxes, content.categories)


def regions(source: Path | Sequence[ImageSource], boxes: Boxes | None, *, margin: float) -> Iterator[Region]:
    """The regions of all sources: with `boxes` one for each box, else one for each image or frame."""
    for path in image_files(source):
        if isinstance(path, Path) and is_video(path):
            if boxes is not None:
                raise ZooError(f"{path} is a video, and `boxes` are of images")
            for number, image in enumerate(frames(path)):
                yield Region(path, image, whole(image.shape[2], image.shape[1]), number)
            continue
        if boxes is not None and path not in boxes.by_path:
            continue
        try:
            image = read_image(path, channels=3)
        except UnreadableImage as error:
            yield Region(path, error=error.reason)
            continue
        if boxes is None:
            yield Region(path, image, whole(image.shape[2], image.shape[1]))
            continue
        assert isinstance(path, Path)
        for box in boxes.by_path[path]:
            if fits_into(box.corners, image.shape[2], image.shape[1]):
                yield Region(path, image, around(box.corners, margin), box=box)
            else:
                where = tuple(round(value, 1) for value in box.corners)
                size = f"{image.shape[2]}×{image.shape[1]}"
                yield Region(path, box=box, error=f"the box {where} is outside the image of {size}")
