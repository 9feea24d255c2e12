"""Boxes in COCO's JSON."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch

from zoo.data.annotations import Annotations, Problem
from zoo.errors import ZooError
from zoo.ops.boxes import convert


def read_coco(file: Path, images: Path, class_names: list[str] | None = None) -> Annotations:
    """One split: the JSON `file`, whose image names are below `images`.

    Category ids become 0, 1, … in the order of the ids. Annotations with `iscrowd` become regions not to judge. An
    image without annotations is kept: it shows what is no object.

    Raises:
        ZooError: no such file, or one that is no COCO JSON.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ZooError(f"the annotation file {file} does not exist") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ZooError(f"{file} is no JSON: {error}") from error
    if not isinstance(content, dict) or not {"images", "annotations", "categories"} <= content.keys():
        raise ZooError(f"{file} is no COCO file: it needs `images`, `annotations` and `categories`")
    categories = sorted(content["categories"], key=lambda category: category["id"])
    names = [str(category["name"]) for category in categories]
    known = names if class_names is None else class_names
    result = Annotations([], known)
    place = {}
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
    for annotation in content["annotations"]:
        by_image[annotation.get("image_id")].append(annotation)
    for image in content["images"]:
        _add_image(result, file, images, image, by_image.pop(image["id"], []), place)
    for image_id, left in by_image.items():
        message = f"{len(left)} annotations name image id {image_id}, which `images` does not have"
        result.problems.append(Problem(file.name, "missing image", message))
    return result


def _add_image(
    result: Annotations,
    file: Path,
    images: Path,
    image: dict[str, Any],
    annotations: list[dict[str, Any]],
    place: dict[Any, int],
) -> None:
    path = images / str(image["file_name"])
    if not path.is_file():
        message = f"{path} does not exist ({len(annotations)} annotations name it)"
        result.problems.append(Problem(file.name, "missing image", message))
        return
    boxes, labels, crowds = [], [], []
    for annotation in annotations:
        box = annotation.get("bbox")
        label = place.get(annotation.get("category_id"))
        where = f"annotation {annotation.get('id')} of {path.name}"
        if not isinstance(box, list) or len(box) != 4 or not all(isinstance(v, int | float) for v in box):
            result.problems.append(Problem(file.name, "broken annotation", f"{where} has the bbox {box}"))
        elif label is None:
            unknown = f"{where} has the category id {annotation.get('category_id')}"
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
        image_id=image["id"],
    )


def _shortened(ids: list[Any]) -> str:
    return ", ".join(map(str, ids[:6])) + (f", … {ids[-1]}" if len(ids) > 6 else "")
