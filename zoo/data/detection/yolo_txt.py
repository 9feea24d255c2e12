"""Reads boxes from YOLO text: one file per image, one line `class cx cy w h` per object, coordinates in 0 … 1."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import torch

from zoo.data.detection.annotations import Annotations, Problem, duplicate_stems, read_text
from zoo.data.images.files import UnreadableImage, list_images, read_head
from zoo.errors import ZooError
from zoo.ops.boxes import convert, denormalize


def read_yolo_txt(root: Path, split: str, class_names: list[str]) -> Annotations:
    """Reads the images of `images/SPLIT` with the files of the same name in `labels/SPLIT`.

    An image with a missing or empty file is kept as background; one with an unreadable file is left out.

    Raises:
        ZooError: a missing folder.
    """
    images, labels = root / "images" / split, root / "labels" / split
    for needed in (images, labels):
        if not needed.is_dir():
            raise ZooError(f"{needed} does not exist: a YOLO set has images/{split} and labels/{split}")
    result = Annotations([], class_names)
    found: dict[Path, list[Path]] = defaultdict(list)
    for path in list_images(images):
        found[path.relative_to(images).with_suffix("")].append(path)
    for path in sorted(labels.rglob("*.txt")):
        if path.relative_to(labels).with_suffix("") not in found and path.name != "classes.txt":
            result.problems.append(Problem(path.name, "missing image", f"no image of this name below {images}"))
    for name, (path, *others) in found.items():
        result.problems += duplicate_stems(path, others)
        _add_image(result, path, labels / f"{name}.txt")
    return result


def yolo_classes(root: Path) -> list[str]:
    """Reads class names from `classes.txt`, `names.txt` or the `names` of `data.yaml`.

    Raises:
        ZooError: no such file, or ids without a unique name.
    """
    for file in (root / "classes.txt", root / "names.txt", root / "labels" / "classes.txt"):
        if file.is_file():
            lines = [line.strip() for line in read_text(file).rstrip().splitlines()]
            if "" in lines:
                raise ZooError(f"{file}: line {lines.index('') + 1} is empty, where line n names class n - 1")
            return lines
    for file in (root / "data.yaml", root / "dataset.yaml"):
        if file.is_file():
            names = _yaml_names(file)
            if isinstance(names, dict):
                return _by_id(names, file)
            if isinstance(names, list):
                return [str(name) for name in names]
    raise ZooError(f"{root} has no class names: write them into {root / 'classes.txt'}, one a line, class 0 first")


def _yaml_names(file: Path) -> Any:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        content = OmegaConf.to_container(OmegaConf.create(read_text(file)))
    except (YAMLError, OmegaConfBaseException) as error:
        raise ZooError(f"{file} is no YAML: {' '.join(str(error).split())}") from None
    return content.get("names") if isinstance(content, dict) else None


def _by_id(names: dict[Any, Any], file: Path) -> list[str]:
    try:
        ids = {int(key): str(name) for key, name in names.items()}
    except (TypeError, ValueError):
        ids = {}
    if sorted(ids) != list(range(len(names))):
        given = ", ".join(map(str, names))
        raise ZooError(f"{file}: the ids of `names` (={given}) must be 0 to {len(names) - 1}, each once")
    return [ids[i] for i in range(len(ids))]


def _add_image(result: Annotations, image: Path, file: Path) -> None:
    try:
        width, height, _ = read_head(image)
    except UnreadableImage as error:
        result.problems.append(Problem(image.name, "unreadable image", error.reason))
        return
    try:
        lines = read_text(file).splitlines() if file.is_file() else []
    except ZooError as error:
        result.problems.append(Problem(file.name, "broken annotation", str(error)))
        return
    boxes, labels = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = [float(word) for word in line.split()]
        except ValueError:
            values = []
        where = f"line {number} ({line.strip()[:40]})"
        if len(values) != 5:
            result.problems.append(Problem(file.name, "broken annotation", f"{where} is no `class cx cy w h`"))
        elif not 0 <= values[0] < len(result.class_names) or values[0] != int(values[0]):
            message = f"{where}: class {values[0]:g} of {len(result.class_names)}"
            result.problems.append(Problem(file.name, "unknown class", message))
        elif max(values[1:]) > 2:
            message = f"{where}: values in pixels, where 0 to 1 is meant"
            result.problems.append(Problem(file.name, "pixel boxes", message))
        else:
            boxes.append(values[1:])
            labels.append(int(values[0]))
    corners = convert(denormalize(torch.tensor(boxes).view(-1, 4), height, width), "cxcywh", "xyxy")
    result.add(image, file=file.name, width=width, height=height, boxes=corners, labels=labels)
