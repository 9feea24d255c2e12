"""Boxes in Pascal VOC's XML files."""

import math
from collections import defaultdict
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import torch

from zoo.data.detection.annotations import Annotations, Problem, read_text, twins
from zoo.data.images.files import EXTENSIONS, UnreadableImage, read_head
from zoo.errors import ZooError


def read_voc(root: Path, split: str, class_names: list[str] | None = None) -> Annotations:
    """The pictures that `ImageSets/Main/SPLIT.txt` lists, from `JPEGImages` and `Annotations`.

    VOC counts pixels from 1 and includes the last: a box from 1 to 10 is 10 wide, and starts at 0 here. Classes are
    those of all XML files of the folder, by name. A picture without XML is kept as one without objects. Objects
    marked `difficult`, which VOC's own measure passes over, are objects like all others here.

    Raises:
        ZooError: the folder or the list is not there.
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
        result.problems += twins(image, others)
        _add_image(result, image, root / "Annotations" / f"{name}.xml")
    return result


def _listed(text: str, images: Container[str]) -> list[str]:
    """The names of a list, one a line and each once, without the second column (-1, 0, 1) of a single class's list."""
    names = []
    for line in text.splitlines():
        name = line.strip()
        words = name.rsplit(maxsplit=1)
        if len(words) == 2 and words[1] in ("-1", "0", "1") and name not in images:
            name = words[0]
        names.append(name)
    return [name for name in dict.fromkeys(names) if name]


def voc_classes(root: Path) -> list[str]:
    """The names of all objects in a VOC folder, sorted."""
    names = set()
    for xml in sorted((root / "Annotations").glob("*.xml")):
        with suppress(ZooError):  # told when its picture is read
            names |= {(thing.findtext("name") or "").strip() for thing in _tree(xml).iter("object")}
    return sorted(names - {""})


def _tree(xml: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(xml).getroot()
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the last two: an encoding nobody knows
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
    empty = (written[:, :2] == written[:, 2:]).any(1, keepdim=True)  # an error, not a box of one pixel
    corners = torch.where(empty, written, written - torch.tensor([1.0, 1.0, 0.0, 0.0]))
    result.add(image, file=xml.name, width=width, height=height, boxes=corners, labels=labels)


def _size(tree: ElementTree.Element) -> tuple[int, int]:
    """Width and height as written; 0 where they are not."""
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
