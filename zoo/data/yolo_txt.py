"""Boxes in YOLO's text files: one beside each picture, a line `class cx cy w h` an object, all but the class 0 … 1."""

from pathlib import Path

import torch

from zoo.data.annotations import Annotations, Problem
from zoo.data.images import UnreadableImage, list_images, read_head
from zoo.errors import ZooError
from zoo.ops.boxes import convert, pixels


def read_yolo_txt(root: Path, split: str, class_names: list[str]) -> Annotations:
    """The pictures of `images/SPLIT` with the files of the same name in `labels/SPLIT`.

    A picture without a file, or with an empty one, is kept as one without objects.

    Raises:
        ZooError: the folders are not there.
    """
    images, labels = root / "images" / split, root / "labels" / split
    for needed in (images, labels):
        if not needed.is_dir():
            raise ZooError(f"{needed} does not exist: a YOLO set has images/{split} and labels/{split}")
    result = Annotations([], class_names)
    found = {path.relative_to(images).with_suffix(""): path for path in list_images(images)}
    for path in sorted(labels.rglob("*.txt")):
        if path.relative_to(labels).with_suffix("") not in found and path.name != "classes.txt":
            result.problems.append(Problem(path.name, "missing image", f"no picture of this name below {images}"))
    for name, path in found.items():
        _add_image(result, path, labels / f"{name}.txt")
    return result


def yolo_classes(root: Path) -> list[str]:
    """Class names, from `classes.txt`, `names.txt` or the `names` of `data.yaml`.

    Raises:
        ZooError: none of them is there.
    """
    for file in (root / "classes.txt", root / "names.txt", root / "labels" / "classes.txt"):
        if file.is_file():
            return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    for file in (root / "data.yaml", root / "dataset.yaml"):
        if file.is_file():
            from omegaconf import OmegaConf

            content = OmegaConf.to_container(OmegaConf.load(file))
            names = content.get("names") if isinstance(content, dict) else None
            if isinstance(names, dict):
                return [str(names[key]) for key in sorted(names)]
            if isinstance(names, list):
                return [str(name) for name in names]
    raise ZooError(f"{root} has no class names: write them into {root / 'classes.txt'}, one a line, class 0 first")


def _add_image(result: Annotations, image: Path, file: Path) -> None:
    try:
        width, height, _ = read_head(image)
    except UnreadableImage as error:
        result.problems.append(Problem(image.name, "unreadable image", error.reason))
        return
    boxes, labels = [], []
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
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
    corners = convert(pixels(torch.tensor(boxes).view(-1, 4), height, width), "cxcywh", "xyxy")
    result.add(image, file=file.name, width=width, height=height, boxes=corners, labels=labels, image_id=image.stem)
