"""Boxes around the objects whose points are to be predicted, from CSV or COCO JSON."""

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from zoo.data.detection.coco import coco_content
from zoo.data.detection.coco_entries import Id, box_of, category_of, image_of, read_entries
from zoo.data.detection.image_paths import find_images
from zoo.data.landmarks.squares import Box
from zoo.errors import ZooError
from zoo.regular_files import read_text

_COLUMNS = ("path", "x1", "y1", "x2", "y2")


class GivenBox(NamedTuple):
    """A box, xyxy in pixels, and the id of its image in a COCO file."""

    corners: Box
    image_id: Id | None = None


def read_boxes(file: Path, images: Path) -> tuple[dict[Path, list[GivenBox]], dict[str, int]]:
    """The boxes of each image below `images`, and the ids of the categories of a COCO file by name.

    A CSV file has the columns path, x1, y1, x2, y2 in pixels. Crowds of a COCO file are no objects.

    Raises:
        ZooError: another file, a row without a box, or no box in any of the images.
    """
    categories: dict[str, int] = {}
    if file.suffix.lower() == ".json":
        content = coco_content(file)
        known, _ = read_entries(content["categories"], category_of)
        categories = {category.name: category.id for category in known if isinstance(category.id, int)}
        rows = list(_coco_rows(content))
    elif file.suffix.lower() == ".csv":
        rows = list(_csv_rows(file))
    else:
        raise ZooError(f"`boxes` (={file}) must be a .csv file with {', '.join(_COLUMNS)}, or COCO .json")
    exact, elsewhere = find_images(images, dict.fromkeys(name for name, _ in rows))
    found: dict[Path, list[GivenBox]] = {}
    for name, box in rows:
        path = exact.get(name) or elsewhere.get(name)
        x1, y1, x2, y2 = box.corners
        if path is not None and x2 > x1 and y2 > y1:
            found.setdefault(path, []).append(box)
    if not found:
        raise ZooError(f"{file} has no box in an image below {images}")
    return found, categories


def _coco_rows(content: dict[str, list[object]]) -> Iterator[tuple[str, GivenBox]]:
    entered, _ = read_entries(content["images"], image_of)
    boxes, _ = read_entries(content["annotations"], box_of)
    names = {image.id: image.file_name for image in entered}
    for box in boxes:
        if box.box is not None and not box.crowd and box.image_id in names:
            x, y, width, height = box.box
            yield names[box.image_id], GivenBox((x, y, x + width, y + height), box.image_id)


def _csv_rows(file: Path) -> Iterator[tuple[str, GivenBox]]:
    text = read_text(file)
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise ZooError(f"{file} cannot be read as csv: {error}") from None
    if not rows or not {*_COLUMNS} <= rows[0].keys():
        raise ZooError(f"{file} must have rows below the columns {', '.join(_COLUMNS)}")
    for number, row in enumerate(rows, start=2):
        try:
            x1, y1, x2, y2 = (float(row[name] or "") for name in _COLUMNS[1:])
        except ValueError:
            raise ZooError(f"{file}: row {number} has no box of four numbers") from None
        if not all(map(math.isfinite, (x1, y1, x2, y2))):
            raise ZooError(f"{file}: row {number} has a box that is not finite")
        yield (row["path"] or "").strip(), GivenBox((x1, y1, x2, y2))
