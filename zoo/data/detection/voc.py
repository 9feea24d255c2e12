"""Reads boxes from Pascal VOC XML."""

import math
from collections import defaultdict
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import torch

from zoo.data.detection.annotations import Annotations, Problem, duplicate_stems, read_text
from zoo.data.images.files import EXTENSIONS, UnreadableImage, read_head
from zoo.errors import ZooError


def read_voc(root: Path, split: str, class_names: list[str] | None = None) -> Annotations:
    """Reads the images that `ImageSets/Main/SPLIT.txt` lists, from `JPEGImages` and `Annotations`.

    VOC counts pixels from 1 and includes the last one: a box from 1 to 10 is 10 pixels wide and becomes 0 to 10.
    Without `class_names`, the classes are those of all XML files, sorted. An image without XML is kept as background.
    Objects marked `difficult` count like all others; VOC's own evaluation skips them.

    Raises:
        ZooError: a missing folder or list.
    """
    listed = root / "ImageSets" / "Main" / f"{split}.txt"
    for needed in (root / "JPEGImages", root / "Annotations", listed):
        if not needed.exists():
            raise ZooError(f"{needed} does not exist: a VOC folder has JPEGImages, Annotations and ImageSets/Main")
    known = voc_classes(root) if class_names is None else class_names
    result = Annotations([], known)
    images: dict[str, list[Path]] = defaultdict(list)
    for path in sorted((root / "JPEGImages").iterdir()):
        if path.suffix.lower() in EXTENSIONS:
            images[path.stem].append(path)
    for name in _listed(read_text(listed), images):
        if name not in images:
            message = f"{root / 'JPEGImages' / name}.* does not exist; {listed.name} names it"
            result.problems.append(Problem(f"{name}.xml", "missing image", message))
            continue
        image, *others = images[name]
        result.problems += duplicate_stems(image, others)
        _add_image(result, image, root / "Annotations" / f"{name}.xml")
    return result


def _listed(text: str, images: Container[str]) -> list[str]:
    """Unique names of a list, one per line, without the second column (-1, 0, 1) of a list for a single class."""
    names = []
    for line in text.splitlines():
        name = line.strip()
        words = name.rsplit(maxsplit=1)
        if len(words) == 2 and words[1] in ("-1", "0", "1") and name not in images:
            name = words[0]
        names.append(name)
    return [name for name in dict.fromkeys(names) if name]


def voc_classes(root: Path) -> list[str]:
    """Sorted names of all classes in a VOC folder."""
    names = set()
    for xml in sorted((root / "Annotations").glob("*.xml")):
        with suppress(ZooError):  # reported when its image is read
            names |= {(thing.findtext("name") or "").strip() for thing in _tree(xml).iter("object")}
    return sorted(names - {""})


def _tree(xml: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(xml).getroot()
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the last two: an unknown encoding
        raise ZooError(f"no XML: {error}") from None


def _add_image(result: Annotations, image: Path, xml: Path) -> None:
    boxes, labels = [], []
    width = height = 0
    if xml.exists():
        try:
            tree = _tree(xml)
            width, height = _size(tree)
        except ZooError as error:
            result.problems.append(Problem(xml.name, "broken annotation", str(error)))
            return
        for thing in tree.iter("object"):
            name = (thing.findtext("name") or "").strip()
            sides = [_number(thing.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")]
            if name not in result.class_names:
                message = f"{name!r} is none of {', '.join(result.class_names)}"
                result.problems.append(Problem(xml.name, "unknown class", message))
            elif None in sides:
                result.problems.append(Problem(xml.name, "broken annotation", f"an object {name!r} without its box"))
            else:
                boxes.append([float(v) for v in sides if v is not None])
                labels.append(result.class_names.index(name))
    if not width or not height:
        try:
            width, height, _ = read_head(image)
        except UnreadableImage as error:
            result.problems.append(Problem(image.name, "unreadable image", error.reason))
            return
    written = torch.tensor(boxes).view(-1, 4)
    empty = (written[:, :2] == written[:, 2:]).any(1, keepdim=True)  # reported as empty, not read as one pixel wide
    corners = torch.where(empty, written, written - torch.tensor([1.0, 1.0, 0.0, 0.0]))
    result.add(image, file=xml.name, width=width, height=height, boxes=corners, labels=labels)


def _size(tree: ElementTree.Element) -> tuple[int, int]:
    """Width and height in the XML file, 0 if missing."""
    written = [tree.findtext(f"size/{side}") for side in ("width", "height")]
    width, height = (_number(text or "0") for text in written)
    if width is None or height is None or not (math.isfinite(width) and math.isfinite(height)):
        raise ZooError(f"the size {' × '.join(map(str, written))} is no width and height")
    return int(width), int(height)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return math.nan
