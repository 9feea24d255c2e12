"""Reads boxes from YOLO text: one file per image, one line `class cx cy w h` per object, coordinates in 0 … 1."""

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import torch

from zoo.data.detection.annotations import Annotations, Problem, duplicate_stems
from zoo.data.detection.yolo_rows import problems_of_rows
from zoo.data.file_names import NamedFiles, file_names, fold, printable
from zoo.data.images.files import UnreadableImage, list_images, read_head
from zoo.data.split_names import spelled
from zoo.errors import ZooError
from zoo.ops.boxes import convert, denormalize
from zoo.regular_files import read_text

_NO_LABELS = ("classes.txt", "readme", "notes")  # beginnings of the names of other text files
_SLACK = 0.1  # how far a corner of an outline may lie outside the image, as a fraction of its side


def read_yolo_txt(root: Path, split: str, class_names: list[str], *, keypoints: int = 0) -> Annotations:
    """Reads the images of `images/SPLIT` with the files of the same name in `labels/SPLIT`.

    `SPLIT/images` with `SPLIT/labels`, and labels beside the images, are read, too. A line with the corners of an
    outline gives the box around it; in a line of a pose set, `keypoints` values follow the box. An image with a missing
    or empty file is kept as background; one with an unreadable file, or without a usable box among its lines, is left
    out.

    Raises:
        ZooError: a missing folder.
    """
    images, labels = _folders(root, split)
    result = Annotations([], class_names, written="cxcywh")
    if images != root / "images" / split:
        result.notes.append(f"the images are those of {images}")
    found: dict[str, list[Path]] = defaultdict(list)
    for path in list_images(images):
        found[path.relative_to(images).with_suffix("").as_posix()].append(path)
    texts = [name for name in file_names(labels) if name.lower().endswith(".txt")]
    label_of = _matches(found, {Path(name).with_suffix("").as_posix(): labels / name for name in texts})
    counts: Counter[str] = Counter()
    rows: list[list[float]] = []
    used = set(label_of.values())
    moved = [
        file for name, file in label_of.items() if fold(file.with_suffix("").as_posix()) != fold(f"{labels}/{name}")
    ]
    if moved:
        result.notes.append(f"{len(moved)} label files are found by their last name, e.g. {printable(moved[0])}")
    for name, (path, *others) in found.items():
        result.problems += duplicate_stems(path, others)
        counts.update(_add_image(result, path, label_of.get(name), keypoints, rows))
    lost = [name for name in texts if labels / name not in used and not Path(name).name.lower().startswith(_NO_LABELS)]
    result.problems += [
        Problem(printable(Path(name).name), "missing image", f"no image of this name below {images}") for name in lost
    ]
    unlabeled = {paths[0] for name, paths in found.items() if name not in label_of}
    if unlabeled and lost:
        result.leave_out_unlabeled(unlabeled, "it has no label file, and one without an image may be its own")
    elif unlabeled:
        result.notes.append(f"{len(unlabeled)} images have no label file and count as background")
    result.problems += problems_of_rows(rows, len(class_names), keypoints)
    if counts["outline"]:
        result.notes.append(f"{counts['outline']} lines are outlines: the boxes around them are taken")
    if counts["pixels"] * 2 <= counts["line"]:  # single lines: the set as a whole is in the right format
        result.problems = [
            replace(problem, kind="broken annotation") if problem.kind == "pixel boxes" else problem
            for problem in result.problems
        ]
    return result


def has_split(root: Path, split: str) -> bool:
    """Whether there is a folder of images of this name."""
    images = spelled(root, "images") or root / "images"
    return spelled(images, split) is not None or spelled(root, split) is not None


def _folders(root: Path, split: str) -> tuple[Path, Path]:
    """The folders of the images and of the labels of a split."""
    images, labels = spelled(root, "images") or root / "images", spelled(root, "labels") or root / "labels"
    own, own_labels = spelled(images, split), spelled(labels, split)
    if own is not None and own_labels is not None:
        return own, own_labels
    folder = spelled(root, split)
    if folder is not None and folder.is_dir():
        inner, inner_labels = spelled(folder, "images"), spelled(folder, "labels")
        if inner is not None and inner_labels is not None:
            return inner, inner_labels
    for beside in (own, folder):
        if beside is not None and beside.is_dir() and any(name.lower().endswith(".txt") for name in file_names(beside)):
            return beside, beside
    missing = images / split if own is None else labels / split
    raise ZooError(
        f"{missing} does not exist: a YOLO set has images/{split} and labels/{split}, or {split}/images and "
        f"{split}/labels, or labels beside the images; data.{split}=FOLDER names another one, and data.train=. "
        f"data.val=null takes parts of images and labels"
    )


def _matches(images: dict[str, list[Path]], labels: dict[str, Path]) -> dict[str, Path]:
    """The label file of each image, both by their names without ending, relative to their folders.

    A file called as its image is with the ending (`a.jpg.txt`) and one in another folder are found, too, if no other
    image and no other file has the name.
    """
    files = NamedFiles(labels.items())
    found = {name: file for name in images if (file := files.find(name)) is not None}
    free = [(name, file) for name, file in labels.items() if file not in set(found.values())]
    missing = [name for name in images if name not in found]
    for key in (lambda name: name, lambda name: name.rpartition("/")[2]):
        by_name: dict[str, list[Path]] = defaultdict(list)
        for name, file in free:
            by_name[key(name)].append(file)
        wanted = Counter(key(name) for name in missing)
        for name in missing:
            for spelling in (key(name), key(f"{name}{images[name][0].suffix}")):
                if len(own := by_name[spelling]) == 1 and wanted[key(name)] == 1:
                    found.setdefault(name, own[0])
    return found


def _add_image(
    result: Annotations, image: Path, file: Path | None, keypoints: int, rows: list[list[float]]
) -> Counter[str]:
    """Adds an image, and its lines to `rows`; returns the number of its lines, of outlines and of lines in pixels."""
    counts: Counter[str] = Counter()
    try:
        width, height, _ = read_head(image)
    except UnreadableImage as error:
        result.problems.append(Problem(image.name, "unreadable image", error.reason))
        return counts
    try:
        lines = read_text(file).splitlines() if file is not None else []
    except ZooError as error:
        result.problems.append(Problem(file.name if file else image.name, "broken annotation", str(error)))
        return counts
    name = file.name if file else f"{image.stem}.txt"
    boxes, labels = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        counts["line"] += 1
        rows.append(values := _numbers(line))
        where = f"line {number} ({line.strip()[:40]})"
        box = values[1:5] if keypoints and len(values) == 5 + keypoints else _box(values)
        if len(values) >= 5 and max(values[1:5] if keypoints else values[1:]) > 2:
            counts["pixels"] += 1
            message = f"{where}: values in pixels, where 0 to 1 is meant"
            result.problems.append(Problem(name, "pixel boxes", message))
        elif box is None:
            result.problems.append(Problem(name, "broken annotation", f"{where} is no `class cx cy w h`"))
        elif not 0 <= values[0] < len(result.class_names) or values[0] != int(values[0]):
            message = f"{where}: class {values[0]:g} of {len(result.class_names)}"
            result.problems.append(Problem(name, "unknown class", message))
        else:
            counts["outline"] += len(values) > 5 and not keypoints
            boxes.append(box)
            labels.append(int(values[0]))
    corners = convert(denormalize(torch.tensor(boxes).view(-1, 4), height, width), "cxcywh", "xyxy")
    lost = counts["line"] - len(boxes)
    result.add(image, file=name, width=width, height=height, boxes=corners, labels=labels, lost=lost)
    return counts


def _numbers(line: str) -> list[float]:
    try:
        return [float(word) for word in line.split()]
    except ValueError:
        return []


def _box(values: list[float]) -> list[float] | None:
    """Center and size of a line: as written, or around the outline `class x1 y1 x2 y2 x3 y3 …`."""
    if len(values) == 5:
        return values[1:]
    if len(values) < 7 or len(values) % 2 == 0:
        return None
    xs, ys = values[1::2], values[2::2]
    if not all(-_SLACK <= value <= 1 + _SLACK for value in values[1:]):
        return None
    return [(min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, max(xs) - min(xs), max(ys) - min(ys)]
