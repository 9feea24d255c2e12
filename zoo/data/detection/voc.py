"""Reads boxes from Pascal VOC XML."""

import math
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import torch

from zoo.data.detection.annotations import Annotations, Problem, duplicate_stems, listed
from zoo.data.file_names import NamedFiles, printable
from zoo.data.images.files import IMAGES, UnreadableImage, read_head
from zoo.data.split_names import spelled
from zoo.errors import ZooError
from zoo.regular_files import read_regular, read_text

_LARGEST = 1 << 22  # bytes of an XML file
_LONGEST = 1_000_000  # pixels of a side


def read_voc(root: Path, split: str, class_names: list[str] | None = None) -> Annotations:
    """Reads the images that `ImageSets/Main/SPLIT.txt` lists, from `JPEGImages` and `Annotations`, or those of `SPLIT`.

    VOC counts pixels from 1 and includes the last one: a box from 1 to 10 is 10 pixels wide and becomes 0 to 10.
    Without `class_names`, the classes are those of all XML files, sorted. An image without XML is kept as background.
    Objects marked `difficult` count like all others; VOC's own evaluation skips them.

    Raises:
        ZooError: a missing folder or list.
    """
    images, annotations, names = _layout(root, split)
    known = voc_classes(root) if class_names is None else class_names
    result = Annotations([], known)
    places = {name: place for place, name in reversed(list(enumerate(known)))}
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(images.iterdir()):
        if IMAGES.accepts(path.name):
            by_stem[path.stem].append(path)
    stems = NamedFiles((stem, paths[0]) for stem, paths in by_stem.items())
    xml_of, respelled, lost = _xml_files(annotations, stems)
    unlabeled: set[Path] = set()
    for name in _listed(read_text(names), stems) if names else by_stem:
        if (found := stems.find(name)) is None:
            message = f"{images / name}.* does not exist; {names.name if names else split} names it"
            result.problems.append(Problem(f"{name}.xml", "missing image", message))
            continue
        image, *others = by_stem[found.stem]
        result.problems += duplicate_stems(image, others)
        if image not in xml_of:
            unlabeled.add(image)
        elif image in respelled:
            result.notes.append(f"{printable(xml_of[image].name)} is read for {printable(image.name)}, which it names")
        _add_image(result, image, xml_of.get(image), places)
    if unlabeled and lost:
        result.problems += [Problem(xml.name, "missing image", f"no image of this name in {images}") for xml in lost]
        result.leave_out_unlabeled(unlabeled, "it has no XML file, and one without an image may be its own")
    elif unlabeled:
        result.notes.append(f"{len(unlabeled)} images have no XML file and count as background")
    return result


def _xml_files(folder: Path, images: NamedFiles) -> tuple[dict[Path, Path], set[Path], list[Path]]:
    """The XML file of each image; the images whose file has another name and names them; XML files without an image."""
    files = NamedFiles((path.stem, path) for path in sorted(folder.iterdir()) if path.suffix.lower() == ".xml")
    own = {image: xml for image in images.exact.values() if (xml := files.find(image.stem)) is not None}
    left = sorted(set(files.exact.values()) - set(own.values()))
    claims: dict[Path, list[Path]] = defaultdict(list)
    for xml in left:
        with suppress(ZooError):  # no XML
            named = images.find(_stem((_tree(xml).findtext("filename") or "").strip()))
            if named is not None and named not in own:
                claims[named].append(xml)
    respelled = {image: xmls[0] for image, xmls in claims.items() if len(xmls) == 1}
    return own | respelled, set(respelled), [xml for xml in left if xml not in respelled.values()]


def _layout(root: Path, split: str) -> tuple[Path, Path, Path | None]:
    """The folder of the images, that of the XML files, and the list of the split.

    Without a list, the images of the folder SPLIT with the XML files beside them are the split.
    """
    images = spelled(root, "JPEGImages") or spelled(root, "images") or root / "JPEGImages"
    annotations, lists = spelled(root, "Annotations") or root / "Annotations", root / "ImageSets" / "Main"
    listed = spelled(lists, f"{split}.txt")
    beside = spelled(root, split)
    if listed is None and beside is not None and beside.is_dir() and not images.exists():
        return beside, beside, None
    for needed in (images, annotations, listed or lists / f"{split}.txt"):
        if not needed.exists():
            there = sorted(path.stem for path in lists.glob("*.txt")) if lists.is_dir() else []
            hint = f"; its lists are {', '.join(there[:6])}" if there else ""
            message = f"{needed} does not exist: a VOC folder has JPEGImages, Annotations and ImageSets/Main{hint}"
            raise ZooError(f"{message}; or SPLIT/ with images and XML files")
    return images, annotations, listed


def _listed(text: str, images: NamedFiles) -> list[str]:
    """Unique stems of a list, one image per line.

    A line may have a folder and an ending, and a second column: -1, 0 or 1 in a list for a single class, or the path
    of the XML file.
    """
    names = []
    for line in text.splitlines():
        if not (name := line.strip()):
            continue
        first = name.rsplit(maxsplit=1)[0] if len(name.split()) > 1 else name
        tried = [name, first, *(_stem(each) for each in (name, first))]
        names.append(next((each for each in tried if images.find(each) is not None), first))
    return list(dict.fromkeys(names))


def _stem(name: str) -> str:
    """The last part of a path in the spelling of any system, without the ending of an image or of XML."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return Path(last).stem if IMAGES.accepts(last) or last.lower().endswith(".xml") else last


def voc_classes(root: Path) -> list[str]:
    """Sorted names of all classes in a VOC folder."""
    names = set()
    folder = spelled(root, "Annotations") or root / "Annotations"
    for xml in sorted(folder.iterdir() if folder.is_dir() else root.glob("*/*")):
        if xml.suffix.lower() != ".xml":
            continue
        with suppress(ZooError):  # reported when its image is read
            names |= {(thing.findtext("name") or "").strip() for thing in _tree(xml).iter("object")}
    return sorted(names - {""})


def _tree(xml: Path) -> ElementTree.Element:
    data = read_regular(xml, limit=_LARGEST)
    try:
        tree = ElementTree.fromstring(data)  # expat ends the expansion of entities at a hundred times the input
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the last two: an unknown encoding
        raise ZooError(f"no XML: {error}") from None
    for element in tree.iter():  # else objects in a namespace or in capitals would be overlooked
        element.tag = element.tag.rpartition("}")[2].lower()
    return tree


def _add_image(result: Annotations, image: Path, xml: Path | None, places: Mapping[str, int]) -> None:
    boxes, labels = [], []
    width = height = lost = 0
    name = xml.name if xml else f"{image.stem}.xml"
    if xml is not None:
        try:
            tree = _tree(xml)
            width, height = _size(tree)
        except ZooError as error:
            result.problems.append(Problem(xml.name, "broken annotation", str(error)))
            return
        for thing in tree.iter("object"):
            kind = (thing.findtext("name") or "").strip()
            lost += 1  # until its box is read
            sides = [_number(thing.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")]
            if kind not in places:
                message = f"{kind!r} is none of {listed(result.class_names)}"
                result.problems.append(Problem(xml.name, "unknown class", message))
            elif None in sides:
                result.problems.append(Problem(xml.name, "broken annotation", f"an object {kind!r} without its box"))
            else:
                boxes.append([float(v) for v in sides if v is not None])
                lost -= 1
                labels.append(places[kind])
        if stray := _stray_boxes(tree):
            message = f"{stray} boxes beside those of the objects: an object holds one `bndbox`"
            result.problems.append(Problem(xml.name, "broken annotation", message))
            lost += stray
    if not width or not height:
        try:
            width, height, _ = read_head(image)
        except UnreadableImage as error:
            result.problems.append(Problem(image.name, "unreadable image", error.reason))
            return
    written = torch.tensor(boxes).view(-1, 4)
    empty = (written[:, :2] == written[:, 2:]).any(1, keepdim=True)  # reported as empty, not read as one pixel wide
    corners = torch.where(empty, written, written - torch.tensor([1.0, 1.0, 0.0, 0.0]))
    result.add(image, file=name, width=width, height=height, boxes=corners, labels=labels, lost=lost)


def _stray_boxes(tree: ElementTree.Element) -> int:
    """The number of boxes beside the first of each object, without those of its parts (VOC's persons have some)."""
    found = ((parent.tag, len(parent.findall("bndbox"))) for parent in tree.iter())
    return sum(max(count - (tag == "object"), 0) for tag, count in found if tag != "part")


def _size(tree: ElementTree.Element) -> tuple[int, int]:
    """Width and height in the XML file, 0 if missing."""
    written = [tree.findtext(f"size/{side}") for side in ("width", "height")]
    width, height = (_number(text or "0") for text in written)
    if width is None or height is None or not (0 <= width <= _LONGEST and 0 <= height <= _LONGEST):
        raise ZooError(f"the size {' × '.join(map(str, written))} is no width and height")
    return int(width), int(height)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return math.nan
