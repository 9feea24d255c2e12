"""Reads boxes from COCO JSON."""

import json
import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from zoo.data.detection.annotations import Annotations, Problem, read_text
from zoo.errors import ZooError
from zoo.ops.boxes import convert


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str)


def _is_side(value: Any) -> bool:
    return isinstance(value, int | float) and 1 <= value < math.inf


_NEEDED: dict[str, dict[str, Callable[[Any], bool]]] = {
    "images": {"id": _is_id, "file_name": lambda value: isinstance(value, str), "width": _is_side, "height": _is_side},
    "annotations": {"image_id": _is_id, "category_id": _is_id},
    "categories": {"id": _is_id, "name": lambda value: isinstance(value, str)},
}
"""Required keys of the entries of each list."""


def read_coco(file: Path, images: Path, class_names: list[str] | None = None) -> Annotations:
    """Reads one split from the JSON `file`, with image files below `images`.

    Category ids are remapped to 0, 1, … in their order. Annotations with `iscrowd` become ignored regions. Images
    without annotations are kept as background. Unreadable entries are left out and reported.

    Raises:
        ZooError: a missing file, or one that is not COCO JSON.
    """
    try:
        content = json.loads(read_text(file))
    except FileNotFoundError:
        raise ZooError(f"the annotation file {file} does not exist") from None
    except json.JSONDecodeError as error:
        raise ZooError(f"{file} is no JSON: {error}") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(name), list) for name in _NEEDED):
        raise ZooError(f"{file} is no COCO file: it needs the lists `images`, `annotations` and `categories`")
    problems: list[Problem] = []
    categories = _readable(file, content, "categories", problems)
    categories.sort(key=lambda category: (isinstance(category["id"], str), category["id"]))
    names = [category["name"] for category in categories]
    known = names if class_names is None else class_names
    result = Annotations([], known, problems)
    place: dict[Any, int] = {}
    for category, name in zip(categories, names, strict=True):
        if name in known:
            place[category["id"]] = known.index(name)
        else:
            result.problems.append(Problem(file.name, "unknown class", f"{name!r} is none of {', '.join(known)}"))
    ids = [category["id"] for category in categories]
    if ids != list(range(len(ids))):
        result.problems.append(Problem(file.name, "id gap", f"category ids are {_shortened(ids)}"))
        shown = ", ".join(f"{i}→{place[i]}" for i in ids[:8] if i in place)
        result.notes.append(f"category ids are remapped: {shown}{', …' if len(ids) > 8 else ''}")
    by_image: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for annotation in _readable(file, content, "annotations", problems):
        by_image[annotation["image_id"]].append(annotation)
    for image in _readable(file, content, "images", problems):
        _add_image(result, file, images, image, by_image.pop(image["id"], []), place)
    for image_id, left in by_image.items():
        message = f"{len(left)} annotations name image id {image_id}, which `images` does not have"
        result.problems.append(Problem(file.name, "missing image", message))
    return result


def _readable(file: Path, content: dict[str, Any], name: str, problems: list[Problem]) -> list[dict[str, Any]]:
    """The entries of a list with all required keys; the others become problems."""
    entries = []
    for number, entry in enumerate(content[name]):
        flaw = _flaw(entry, _NEEDED[name])
        if flaw is None:
            entries.append(entry)
        else:
            problems.append(Problem(file.name, "broken annotation", f"{name}[{number}] {flaw}"))
    return entries


def _flaw(entry: Any, needed: dict[str, Callable[[Any], bool]]) -> str | None:
    """The reason why an entry is unusable, or None."""
    if not isinstance(entry, dict):
        return f"is no object but {entry!r:.40}"
    for key, usable in needed.items():
        if key not in entry:
            return f"has no {key}"
        if not usable(entry[key]):
            return f"has the {key} {entry[key]!r:.40}"
    return None


def _add_image(
    result: Annotations,
    file: Path,
    images: Path,
    image: dict[str, Any],
    annotations: list[dict[str, Any]],
    place: dict[Any, int],
) -> None:
    path = images / image["file_name"]
    if not path.is_file():
        message = f"{path} does not exist ({len(annotations)} annotations name it)"
        result.problems.append(Problem(file.name, "missing image", message))
        return
    boxes, labels, crowds = [], [], []
    for annotation in annotations:
        box = annotation.get("bbox")
        label = place.get(annotation["category_id"])
        where = f"annotation {annotation.get('id')} of {path.name}"
        if not isinstance(box, list) or len(box) != 4 or not all(isinstance(v, int | float) for v in box):
            result.problems.append(Problem(file.name, "broken annotation", f"{where} has the bbox {box}"))
        elif label is None:
            unknown = f"{where} has the category id {annotation['category_id']}"
            result.problems.append(Problem(file.name, "unknown class", unknown))
        else:
            boxes.append([float(v) for v in box])
            labels.append(label)
            crowds.append(bool(annotation.get("iscrowd", 0)))
    result.add(
        path,
        file=path.name,
        width=int(image["width"]),
        height=int(image["height"]),
        boxes=convert(torch.tensor(boxes).view(-1, 4), "xywh", "xyxy"),
        labels=labels,
        crowds=crowds,
    )


def _shortened(ids: list[Any]) -> str:
    return ", ".join(map(str, ids[:6])) + (f", … {ids[-1]}" if len(ids) > 6 else "")
