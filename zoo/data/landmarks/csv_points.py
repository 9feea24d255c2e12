"""Reads points from CSV: a row for each object, with the path of its image and x and y of each point."""

import csv
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

import torch

from zoo.data.detection.image_paths import find_images
from zoo.data.landmarks.samples import PointSet, Problem, Sample
from zoo.data.landmarks.squares import BOX_COLUMNS, Box
from zoo.errors import ZooError
from zoo.regular_files import read_text

_LARGEST = 1 << 30  # bytes
_PATH = ("path", "file", "file_name", "filename", "image", "image_path", "image_name")
_LABEL = ("label", "class", "category")
_RESULTS = ("frame", "presence", "error")  # of the predictions.csv of `zoo-predict`
_HIDDEN = -1.0
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "`|`"}


def read_csv(file: Path, images: Path, class_names: tuple[str, ...] | None = None) -> PointSet:
    """Reads the columns `path`, then `x1, y1, x2, y2, …` or `NAME_x, NAME_y, …`.

    Blank or -1 in both cells of a point means that it is not visible; without a visible point, the image has no object.
    Optional columns: `box_x1, box_y1, box_x2, box_y2` (a box around the object in pixels), `label`, `group` (rows of
    one group stay in one split) and `split` (train, val or test).

    Raises:
        ZooError: no text in UTF-8, or columns that are not as above.
    """
    text = read_text(file, limit=_LARGEST)
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise ZooError(f"{file} cannot be read as csv: {error}") from None
    header = [" ".join(cell.split()) for cell in rows[0]] if rows else []  # a quoted name may have several lines
    path_column = next((i for i, cell in enumerate(header) if cell.casefold() in _PATH), None)
    if path_column is None:
        listed = ", ".join(header) or "nothing"
        other = next((name for mark, name in _SEPARATORS.items() if len(header) == 1 and mark in header[0]), None)
        found = f"separates its columns by {other}: save it with commas" if other else f"has: {listed}"
        raise ZooError(f"{file} needs a first row with a column `path`, and {found}")
    optional = {cell.casefold(): i for i, cell in enumerate(header)}
    label_column = next((optional[name] for name in _LABEL if name in optional), None)
    box_columns = [optional[name] for name in BOX_COLUMNS if name in optional]
    if len(box_columns) not in (0, 4):
        raise ZooError(f"{file} has a part of the columns {', '.join(BOX_COLUMNS)}: give all four or none")
    used = {path_column, label_column, *box_columns, *(optional.get(name) for name in ("group", "split", *_RESULTS))}
    names, columns = _points(file, [(i, cell) for i, cell in enumerate(header) if i not in used])
    body = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    written = [row[path_column].strip() for _, row in body if path_column < len(row)]
    exact, elsewhere = find_images(images, written)
    labels = [row[label_column].strip() for _, row in body if label_column is not None and label_column < len(row)]
    known = class_names or (tuple(sorted({label for label in labels if label})) if label_column is not None else None)
    result = PointSet(names, known or ("object",))
    for number, row in body:
        where = f"row {number}"

        def report(kind: str, message: str, where: str = where) -> None:
            result.problems.append(Problem(file.name, kind, f"{where}: {message}"))  # type: ignore[arg-type]

        if len(row) != len(header):
            report("other number of points", f"{len(row)} cells, and the first row has {len(header)}")
            continue
        name = row[path_column].strip()
        path = exact.get(name) or elsewhere.get(name)
        if path is None:
            report("missing image", f"{images / name} does not exist")
            continue
        label = row[label_column].strip() if label_column is not None else result.class_names[0]
        try:
            places = [_point([row[x], row[y]]) for x, y in columns]
            box = _box([row[i] for i in box_columns])
        except ValueError as error:
            report("not a number", str(error))
            continue
        visible = torch.tensor([place is not None for place in places])
        if label not in result.class_names and visible.any():
            classes = ", ".join(known or ())
            if label:
                report("unknown class", f"the class {label!r} is none of {classes}")
            else:
                report("empty class", f"the cell of the class is blank; there are {classes or 'no classes'}")
            continue
        sample = Sample(
            path=path,
            points=torch.tensor([place or (0.0, 0.0) for place in places]),
            visible=visible,
            present=bool(visible.any()),
            label=result.class_names.index(label) if label in result.class_names else 0,
            box=box,
            group=row[optional["group"]].strip() if "group" in optional else "",
            split=row[optional["split"]].strip() if "split" in optional else "",
            where=where,
        )
        result.samples.append(sample)
    return result


def _points(file: Path, cells: Sequence[tuple[int, str]]) -> tuple[tuple[str, ...], list[tuple[int, int]]]:
    """Names of the points, and the columns of their x and y."""
    places: dict[str, dict[str, int]] = {}
    for column, cell in cells:
        found = re.fullmatch(r"(?i)([xy])[_ ]?(\d+)|(.+?)[_ .]([xy])", cell)
        if found is None:
            raise ZooError(
                f"{file} has the column `{cell}`, which names no point: expected are path, x1, y1, x2, y2, … or "
                f"NAME_x, NAME_y, …, and optionally {', '.join(BOX_COLUMNS)}, label, group, split"
            )
        axis, name = (found[1], found[2]) if found[1] else (found[4], found[3])
        if axis.lower() in places.setdefault(name, {}):
            raise ZooError(f"{file} has the column `{cell}` twice")
        places[name][axis.lower()] = column
    lacking = [name for name, axes in places.items() if len(axes) < 2]
    if lacking or not places:
        raise ZooError(f"{file} has no x and y of {'a point' if not places else f'the point {lacking[0]}'}")
    return tuple(places), [(axes["x"], axes["y"]) for axes in places.values()]


def _point(cells: Sequence[str]) -> tuple[float, float] | None:
    """x and y; None for a point that is not visible."""
    texts = [cell.strip() for cell in cells]
    if all(text == "" for text in texts):
        return None
    x, y = (_number(text) for text in texts)
    if _HIDDEN in (x, y) and x != y:
        raise ValueError(f"-1 in one cell alone: {x:g}, {y:g}; blank or -1 in both cells means not visible")
    return None if x == y == _HIDDEN else (x, y)


def _box(cells: Sequence[str]) -> Box | None:
    if not any(cell.strip() for cell in cells):
        return None
    x1, y1, x2, y2 = (_number(cell.strip()) for cell in cells)
    return (x1, y1, x2, y2)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r:.40} is no number; blank or -1 in both cells means not visible")
    return value
