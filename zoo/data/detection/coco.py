"""Reads boxes from COCO JSON."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from zoo.data.detection.annotations import Annotations, Problem, listed
from zoo.data.detection.coco_entries import (
    Box,
    Category,
    Entry,
    Id,
    Image,
    as_id,
    box_of,
    category_of,
    image_of,
    read_entries,
    resolved,
    shared_ids,
)
from zoo.data.detection.image_paths import find_images
from zoo.data.file_names import fold, printable
from zoo.data.images.files import UnreadableImage, read_head
from zoo.errors import ZooError
from zoo.ops.boxes import convert
from zoo.regular_files import read_text

_LARGEST = 1 << 31  # bytes
_EQUAL = 1e-3  # relative difference of areas
_FEWEST = 3  # boxes whose areas decide on the format
_LISTS = ("images", "annotations", "categories")


def read_coco(file: Path, images: Path, class_names: list[str] | None = None) -> Annotations:
    """Reads one split from the JSON `file`, with image files below `images`.

    Category ids are remapped to 0, 1, … in their order; a category without annotations that only groups others is no
    class. Annotations with `iscrowd` become ignored regions. Images without annotations are kept as background.
    Sizes that are missing are those of the files. Unreadable entries are left out and reported.

    Raises:
        ZooError: a missing file, or one that is not COCO JSON.
    """
    content = coco_content(file)
    result = Annotations([], [], written="xywh")
    entered, _ = _entries(result, file, content, "images", image_of)
    boxes, broken = _entries(result, file, content, "annotations", box_of)
    categories, _ = _entries(result, file, content, "categories", category_of)
    place = _add_classes(result, file, categories, Counter(box.category_id for box in boxes), class_names)
    by_image: dict[Id, list[Box]] = defaultdict(list)
    ids, index = {image.id for image in entered}, dict[Id, Id]()

    def known(named: Id) -> Id:
        return named if named in ids else resolved(named, entered, index)

    for box in boxes:
        by_image[known(box.image_id)].append(box)
    lost = Counter(known(i) for e in broken if isinstance(e, dict) and (i := as_id(e.get("image_id"))) is not None)
    files = _files(result, file, images, entered, by_image)
    for path, entries in files.items():
        own = [box for image_id in dict.fromkeys(entry.id for entry in entries) for box in by_image[image_id]]
        _add_image(result, file, path, entries[0], own, place, sum(lost[entry.id] for entry in entries))
    if unknown := by_image.keys() - ids:
        for image_id in unknown:
            message = f"{len(by_image[image_id])} annotations name image id {image_id}, which `images` does not have"
            result.problems.append(Problem(file.name, "missing image", message))
        unlabeled = {path for path, entries in files.items() if not any(by_image.get(each.id) for each in entries)}
        result.leave_out_unlabeled(unlabeled, "it has no annotations, and those of an unknown id may be its own")
    if (flawed := _areas_of_corners(boxes)) is not None:
        result.problems.append(Problem(file.name, "wrong box format", flawed))
    if outlines := sum(box.from_outline for box in boxes):
        result.notes.append(f"{outlines} annotations have no bbox: the boxes around their outlines are taken")
    return result


def _areas_of_corners(boxes: list[Box]) -> str | None:
    """What is wrong if `area` says that `bbox` holds corners: x, y, width, height are meant."""
    known = [(each.area, *each.box) for each in boxes if each.area and each.box is not None]
    corners = sum(math.isclose(area, (c - a) * (d - b), rel_tol=_EQUAL) for area, a, b, c, d in known)
    sized = sum(math.isclose(area, c * d, rel_tol=_EQUAL) for area, _, _, c, d in known)
    if corners < _FEWEST or corners < 0.95 * len(known) or sized > 0.05 * len(known):
        return None
    return f"{corners} of {len(known)} areas are those of corners x1, y1, x2, y2; `bbox` holds x, y, width, height"


def coco_content(file: Path) -> dict[str, list[Any]]:
    """The lists of a COCO file.

    Raises:
        ZooError: a missing file, or one that is not COCO JSON.
    """
    text = read_text(file, limit=_LARGEST)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:  # the latter: nested deeply
        raise ZooError(f"{file} is no JSON: {error}") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(name), list) for name in _LISTS):
        raise ZooError(f"{file} is no COCO file: it needs the lists `images`, `annotations` and `categories`")
    return content


def _entries(
    result: Annotations, file: Path, content: dict[str, list[Any]], name: str, parse: Callable[[dict[str, Any]], Entry]
) -> tuple[list[Entry], list[Any]]:
    """The readable and the unreadable entries of a list; adds a problem for each of the latter."""
    read, flawed = read_entries(content[name], parse)
    result.problems += [Problem(file.name, "broken annotation", f"{name}{message}") for _, message in flawed]
    return read, [entry for entry, _ in flawed]


def _add_classes(
    result: Annotations, file: Path, categories: list[Category], counts: Counter[Id], class_names: list[str] | None
) -> dict[Id, int]:
    """Sets the class names; returns the index of the class of each category id."""
    above = {fold(category.supercategory) for category in categories if category.supercategory != category.name}
    used = {category.name for category in categories if counts[category.id]}
    kept: dict[tuple[Id, str], Category] = {}
    for category in categories:
        if not counts[category.id] and (category.name in used or fold(category.name) in above):
            result.notes.append(f"category {category.id} `{category.name}` has no annotation: it is no class")
        else:
            kept[category.id, category.name] = category
    ordered = sorted(kept, key=lambda each: (isinstance(each[0], str), each[0]))
    result.class_names = [name for _, name in ordered] if class_names is None else class_names
    index = {name: place for place, name in reversed(list(enumerate(result.class_names)))}
    place: dict[Id, int] = {}
    for category_id, name in ordered:
        if category_id in place:
            message = f"category id {category_id} is {result.class_names[place[category_id]]!r} and {name!r}"
            result.problems.append(Problem(file.name, "duplicate class", message))
        elif name in index:
            place[category_id] = index[name]
        else:
            message = f"{name!r} is none of {listed(result.class_names)}"
            result.problems.append(Problem(file.name, "unknown class", message))
    ids = [category_id for category_id, _ in ordered]
    if ids != list(range(len(ids))):
        result.problems.append(Problem(file.name, "id gap", f"category ids are {_shortened(ids)}"))
        shown = ", ".join(f"{i}→{place[i]}" for i in ids[:8] if i in place)
        result.notes.append(f"category ids are remapped: {shown}{', …' if len(ids) > 8 else ''}")
    return place


def _files(
    result: Annotations, file: Path, folder: Path, entered: list[Image], by_image: Mapping[Id, list[Box]]
) -> dict[Path, list[Image]]:
    """The entries of each image file; several have their boxes joined. Entries that share an id are left out."""
    shared = shared_ids(entered)
    for image_id, own in shared.items():
        message = f"left out {', '.join(own[:4])}: their id is {image_id}, by which annotations name their image"
        result.problems.append(Problem(file.name, "duplicate id", message))
    exact, elsewhere = find_images(folder, [image.file_name for image in entered])
    if elsewhere:
        name, path = next(iter(elsewhere.items()))
        result.notes.append(f"{len(elsewhere)} images are found by their last name, e.g. {name} as {printable(path)}")
    found: dict[Path, list[Image]] = defaultdict(list)
    for image in entered:
        if image.id in shared:
            continue
        file_path = exact.get(image.file_name) or elsewhere.get(image.file_name)
        if file_path is None:
            message = f"{folder / image.file_name} does not exist ({len(by_image[image.id])} annotations name it)"
            result.problems.append(Problem(file.name, "missing image", message))
        else:
            found[file_path].append(image)
    if twice := [path.name for path, entries in found.items() if len(entries) > 1]:
        result.notes.append(f"{len(twice)} images are listed more than once, e.g. {twice[0]}: their boxes are joined")
    return found


def _add_image(
    result: Annotations,
    file: Path,
    path: Path,
    entry: Image,
    own: list[Box],
    place: dict[Id, int],
    lost: int,
) -> None:
    width, height = entry.width, entry.height
    if not width or not height:
        try:
            width, height, _ = read_head(path)
        except UnreadableImage as error:
            result.problems.append(Problem(path.name, "unreadable image", error.reason))
            return
    readable = []
    for box in own:
        where = f"annotation {box.id} of {path.name}"
        if box.box is None:
            result.problems.append(Problem(file.name, "broken annotation", f"{where} has the bbox {box.written}"))
        elif box.category_id not in place:
            unknown = f"{where} has the category id {box.category_id}"
            result.problems.append(Problem(file.name, "unknown class", unknown))
        else:
            readable.append(box)
    result.add(
        path,
        file=path.name,
        width=width,
        height=height,
        boxes=convert(torch.tensor([box.box for box in readable]).view(-1, 4), "xywh", "xyxy"),
        labels=[place[box.category_id] for box in readable],
        crowds=[box.crowd for box in readable],
        lost=lost + len(own) - len(readable),
    )


def _shortened(ids: list[Id]) -> str:
    return ", ".join(map(str, ids[:6])) + (f", … {ids[-1]}" if len(ids) > 6 else "")
