"""Checks across the splits of a detection set."""

import hashlib
from collections import Counter, defaultdict
from pathlib import Path

from zoo.data.detection.annotations import Annotations, Problem, listed
from zoo.data.file_names import fold
from zoo.data.images.files import UnreadableImage, read_head, read_image

_LATER = {"train": 0, "val": 1, "test": 2}  # an image in two splits stays in the later one


def missing_classes(splits: dict[str, Annotations]) -> list[Problem]:
    """A problem for each split that lacks objects of some classes."""
    problems = []
    for split, annotations in splits.items():
        counts = Counter(label for record in annotations.records for label in record.labels.tolist())
        absent = [name for i, name in enumerate(annotations.class_names) if not counts[i]]
        if absent and annotations.records:
            problems.append(Problem(split, "class missing", f"no object of {', '.join(absent)}"))
    return problems


def untrainable(train: Annotations) -> list[Problem]:
    """Problems of the training split as a whole: duplicate or similar class names, no classes, or no boxes."""
    names = train.class_names
    double = [name for name, count in Counter(names).items() if count > 1]
    problems = [Problem("train", "duplicate class", f"several classes are called {name!r}") for name in double]
    alike: dict[str, set[str]] = defaultdict(set)
    for name in names:
        alike[fold(name).strip()].add(name)
    problems += [
        Problem("train", "similar classes", f"{listed(sorted(own))} are separate classes")
        for own in alike.values()
        if len(own) > 1
    ]
    if not names:
        problems.append(Problem("train", "no classes", "there is no class to detect"))
    elif train.records and not any(len(record.labels) for record in train.records):
        problems.append(Problem("train", "no boxes", "no image has an object to learn from"))
    return problems


def shared_images(splits: dict[str, Annotations]) -> list[Problem]:
    """Problems for images with the same bytes in two splits; removes them from the earlier split (train, val, test)."""
    by_size: dict[int, list[tuple[str, Path]]] = defaultdict(list)
    for split, annotations in splits.items():
        for record in annotations.records:
            by_size[record.path.stat().st_size].append((split, record.path))
    homes: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    for alike in by_size.values():
        if len({split for split, _ in alike}) > 1:  # only files of equal size are read
            for split, path in alike:
                homes[hashlib.sha256(path.read_bytes()).hexdigest()].append((split, path))
    problems: list[Problem] = []
    leave: set[tuple[str, Path]] = set()
    for places in homes.values():
        keep = max((split for split, _ in places), key=_LATER.__getitem__)
        for split, path in places:
            if split != keep:
                other = next(p for s, p in places if s == keep)
                problems.append(Problem(path.name, "image in two splits", f"{split} and {keep} ({other.name})"))
                leave.add((split, path))
    for split, annotations in splits.items():
        annotations.records = [r for r in annotations.records if (split, r.path) not in leave]
    return problems


def check_images(annotations: Annotations, *, decode: bool) -> None:
    """Removes and reports images that are unreadable or differ from their annotated size.

    Decodes every image if `decode`; otherwise reads its header only, a hundred times faster. Boxes are taken as drawn
    on the upright image. Images that EXIF rotates are reported: annotation files do not state the orientation.
    """
    usable = []
    for record in annotations.records:
        try:
            width, height, turned = read_head(record.path)
            if decode:
                read_image(record.path, channels=3)
        except UnreadableImage as error:
            annotations.problems.append(Problem(record.path.name, "unreadable image", error.reason))
            continue
        if (width, height) != (record.width, record.height):
            upright = " once EXIF has turned it" if turned else ""
            message = f"{width}×{height} pixels{upright}, annotated as {record.width}×{record.height}"
            annotations.problems.append(Problem(record.path.name, "wrong image size", message))
            continue
        if turned:
            message = "EXIF turns the pixels; the boxes are taken as drawn on the upright image"
            annotations.problems.append(Problem(record.path.name, "turned image", message))
        usable.append(record)
    annotations.records = usable
