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
from zoo.data.landmarks.squares import BOX_COLUMNS, Box
from zoo.errors import ZooError
from zoo.regular_files import read_text

_COLUMNS = ("path", "x1", "y1", "x2", "y2")


class GivenBox(NamedTuple):
    """A box, xyxy in pixels, and the id of its image in a COCO file."""

    corners: Box
    image_id: Id | None = None


class BoxFile(NamedTuple):
    """The content of a file with boxes."""

    boxes: dict[Path, list[GivenBox]]
    categories: dict[str, int]
    """Ids of a COCO file by name."""
    left_out: str | None
    """A line on boxes of no image, and on annotations that cannot be read."""


def read_boxes(file: Path, images: Path) -> BoxFile:
    """The boxes of each image below `images`.

    A CSV file has the columns path, x1, y1, x2, y2 (or box_x1, …) in pixels. Crowds of a COCO file are no objects.

    Raises:
        ZooError: another file, a row without a box, or no box in any of the images.
    """
    categories: dict[str, int] = {}
    if file.suffix.lower() == ".json":
        content = coco_content(file)
        known, _ = read_entries(content["categories"], category_of)
        categories = {category.name: category.id for category in known if isinstance(category.id, int)}
        rows, flawed = _coco_rows(content)
    elif file.suffix.lower() == ".csv":
        rows, flawed = list(_csv_rows(file)), 0
    else:
        raise ZooError(f"`boxes` (={file}) must be a .csv file with {', '.join(_COLUMNS)}, or COCO .json")
    exact, elsewhere = find_images(images, dict.fromkeys(name for name, _ in rows))
    found: dict[Path, list[GivenBox]] = {}
    lost: list[str] = []
    for name, box in rows:
        path = exact.get(name) or elsewhere.get(name)
        if path is None:
            lost.append(name)
        else:
            found.setdefault(path, []).append(box)
    if not found:
        raise ZooError(f"{file} has no box in an image below {images}")
    reasons = [f"{len(lost)} boxes of images that do not exist, e.g. {lost[0]:.200}"] if lost else []
    reasons += [f"{flawed} annotations that cannot be read"] if flawed else []
    return BoxFile(found, categories, f"{file.name}: left out {' and '.join(reasons)}" if reasons else None)


def _coco_rows(content: dict[str, list[object]]) -> tuple[list[tuple[str, GivenBox]], int]:
    """The boxes of objects with the names of their images, and the number of unreadable annotations."""
    entered, _ = read_entries(content["images"], image_of)
    boxes, flawed = read_entries(content["annotations"], box_of)
    names = {image.id: image.file_name for image in entered}
    rows = []
    for box in (box for box in boxes if not box.crowd):
        if box.box is None or box.image_id not in names:
            flawed.append((box, ""))
            continue
        x, y, width, height = box.box
        rows.append((names[box.image_id], GivenBox((x, y, x + width, y + height), box.image_id)))
    return rows, len(flawed)


def _csv_rows(file: Path) -> Iterator[tuple[str, GivenBox]]:
    text = read_text(file)
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise ZooError(f"{file} cannot be read as csv: {error}") from None
    columns: tuple[str, ...] = _COLUMNS
    if rows and BOX_COLUMNS[0] in rows[0]:
        columns = ("path", *BOX_COLUMNS)
    if not rows or not {*columns} <= rows[0].keys():
        raise ZooError(f"{file} must have rows below the columns {', '.join(_COLUMNS)}")
    for number, row in enumerate(rows, start=2):
        try:
            x1, y1, x2, y2 = (float(row[name] or "") for name in columns[1:])
        except ValueError:
            raise ZooError(f"{file}: row {number} has no box of four numbers") from None
        if not all(map(math.isfinite, (x1, y1, x2, y2))):
            raise ZooError(f"{file}: row {number} has a box that is not finite")
        if x2 <= x1 or y2 <= y1:
            raise ZooError(f"{file}: row {number} has the box {(x1, y1, x2, y2)}; x1 < x2 and y1 < y2 are expected")
        yield (row["path"] or "").strip(), GivenBox((x1, y1, x2, y2))
