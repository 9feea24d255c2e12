"""Finds problems of points that single files do not show."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.data.detection.annotations import Annotations, Record
from zoo.data.detection.split_checks import shared_images as shared_records
from zoo.data.images.files import Head, UnreadableImage, read_head, read_image
from zoo.data.landmarks.conventions import (
    LARGEST_FRACTION,
    are_fractions,
    beside_box,
    misread,
    outside,
    perhaps_exchanged,
)
from zoo.data.landmarks.pairs import Pairs
from zoo.data.landmarks.samples import Kind, PointSet, Problem, Sample
from zoo.data.landmarks.squares import far_outside, fits_into

_MOST = 0.5  # of the objects: what is true of more is a property of the file
_ENOUGH = 5  # objects, of which a constant is no chance
_LEAST_POINTS = 3  # of a shape
_CLEARLY = 0.7  # ratio of distances to the mean shape, swapped to as written


def check_images(points: PointSet, *, decode: bool) -> None:
    """Removes and reports unreadable images, bad boxes, objects twice, and points far outside their image or box.

    Reads headers only, unless `decode`. Points are taken as drawn on the upright image. Objects with a point, or a
    corner of their box, farther outside than the image is wide or high are removed.
    """
    heads: dict[Path, Head | None] = {}
    usable: list[tuple[Sample, Head]] = []
    boxed = {sample.path for sample in points.samples if sample.box is not None}
    seen: set[object] = set()
    for sample in points.samples:
        if sample.path not in heads:
            heads[sample.path] = _head(points, sample, decode=decode)
        if (head := heads[sample.path]) is None:
            continue
        kind, message = _unusable(sample, head, beside_boxed=sample.path in boxed, seen=seen)
        if kind is None:
            usable.append((sample, head))
        else:
            points.problems.append(Problem(sample.path.name, kind, f"{sample.where}: {message}"))
    drawn = [(sample, head) for sample, head in usable if sample.visible.any()]
    points.samples = [sample for sample, _ in usable]
    if any(problem.kind == "pixels as fractions" for problem in points.problems):
        return  # their places mean nothing
    if (whole := misread(drawn)) is not None:
        points.problems.append(whole)
        return
    if (remark := perhaps_exchanged(drawn)) is not None:
        points.problems.append(remark)
    left_out = {id(sample) for sample, head in drawn if _report_place(points, sample, head)}
    points.samples = [sample for sample in points.samples if id(sample) not in left_out]


def _unusable(sample: Sample, head: Head, *, beside_boxed: bool, seen: set[object]) -> tuple[Kind | None, str]:
    """Why an object cannot be used, if it cannot; `seen` holds the objects before it."""
    content = (sample.path, sample.box, sample.label, *sample.points.flatten().tolist())
    if content in seen:
        return "object twice", "the same image, box and points as another"
    seen.add(content)
    if sample.box is not None and not fits_into(sample.box, head.width, head.height):
        box = tuple(round(v, 1) for v in sample.box)
        return "bad box", f"the box {box} in an image of {head.width}×{head.height}"
    if sample.box is None:
        if beside_boxed or sample.path in seen:
            return "image twice", "left out; several objects of an image need boxes around them"
        seen.add(sample.path)
    return None, ""


def _report_place(points: PointSet, sample: Sample, head: Head) -> bool:
    """Reports points outside their image or box; returns whether the object is left out."""
    shown = sample.points[sample.visible]
    if beside_box(sample):
        message = f"{sample.where}: most points are outside the box; left out"
        points.problems.append(Problem(sample.path.name, "points outside box", message))
        return True
    if not outside(shown, head.width, head.height):
        return False
    inside = torch.minimum(shown.clamp(min=0), shown.new_tensor([head.width, head.height]))
    x, y = shown[(shown - inside).abs().sum(1).argmax()].tolist()
    message = f"{sample.where}: a point is outside the image of {head.width}×{head.height}, e.g. ({x:g}, {y:g})"
    far = far_outside(shown.flatten().tolist(), head.width, head.height)
    kind: Kind = "point far outside" if far else "point outside"
    points.problems.append(Problem(sample.path.name, kind, f"{message}; left out" if far else message))
    return far


def to_pixels(points: PointSet) -> None:
    """Multiplies points and boxes, given as fractions of their images, by the sizes of these.

    If most objects have points beyond `LARGEST_FRACTION`, reports that and leaves all as they are.
    """
    drawn = [sample.points[sample.visible] for sample in points.samples if sample.visible.any()]
    if (count := sum(not are_fractions(shown) for shown in drawn)) > _MOST * len(drawn):
        message = (
            f"points of {count} of {len(drawn)} objects are beyond {LARGEST_FRACTION}: "
            "data.coordinates=pixels takes them as they are"
        )
        points.problems.append(Problem("all", "pixels as fractions", message))
        return
    scaled = []
    for sample in points.samples:
        try:
            head = read_head(sample.path)
        except UnreadableImage:
            scaled.append(sample)  # reported by `check_images`
            continue
        box = sample.box and tuple(v * s for v, s in zip(sample.box, [head.width, head.height] * 2, strict=True))
        places = sample.points * torch.tensor([head.width, head.height])
        scaled.append(replace(sample, points=places, box=box))  # type: ignore[arg-type]
    points.samples = scaled


def check_shapes(points: PointSet, pairs: Pairs | None, train: PointSet) -> list[Problem]:
    """Problems for points at one place in all objects, and for objects whose left and right are exchanged.

    The usual shape is the median of the objects of `train` that show all points.
    """
    problems = []
    for number, name in enumerate(points.names):
        places = {tuple(s.points[number].tolist()) for s in points.samples if s.visible[number]}
        count = sum(bool(s.visible[number]) for s in points.samples)
        if count >= _ENOUGH and len(places) == 1:
            x, y = places.pop()
            message = f"the point `{name}` is at ({x:g}, {y:g}) in all {count} objects"
            problems.append(Problem("all", "constant point", message))
    return problems + (_swapped(points, pairs, train) if pairs else [])


def _swapped(points: PointSet, pairs: Pairs, train: PointSet) -> list[Problem]:
    full = [_standardized(sample.points) for sample in train.samples if bool(sample.visible.all())]
    if len(full) < _ENOUGH:
        return []
    usual = torch.stack(full).median(0).values
    order = list(range(len(points.names)))
    for left, right in pairs:
        order[left], order[right] = right, left
    problems = []
    for sample in points.samples:
        kept = sample.visible & sample.visible[order]  # both sides of a pair are seen
        if kept.sum() < _LEAST_POINTS or not any(bool(kept[left]) for left, _ in pairs):
            continue
        expected = _standardized(usual[kept])
        shapes = (sample.points, sample.points[order])
        as_written, other = ((_standardized(shape[kept]) - expected).norm(dim=1).mean() for shape in shapes)
        if other < _CLEARLY * as_written:
            message = f"{sample.where}: the points fit the median shape better with left and right exchanged"
            problems.append(Problem(sample.path.name, "left and right swapped", message))
    return problems


def _standardized(shape: Float[Tensor, "k 2"]) -> Float[Tensor, "k 2"]:
    centered = shape - shape.mean(0)
    return centered / centered.norm(dim=1).mean().clamp(min=1e-6)


def unused_classes(points: PointSet) -> list[Problem]:
    """Problems for classes that the samples do not show, if they show any."""
    used = {sample.label for sample in points.samples if sample.present}
    missing = [name for label, name in enumerate(points.class_names) if used and label not in used]
    return [Problem("train", "class without objects", f"no object of the class `{name}`") for name in missing]


def shared_images(splits: Mapping[str, PointSet]) -> list[Problem]:
    """Problems for images with the same bytes in two splits; removes them from the earlier split (train, val, test)."""
    empty = torch.empty(0, 4), torch.empty(0, dtype=torch.long)
    records = {
        split: Annotations([Record(path, 0, 0, *empty) for path in {sample.path for sample in points.samples}], [])
        for split, points in splits.items()
    }
    found = shared_records(records)
    for split, points in splits.items():
        kept = {record.path for record in records[split].records}
        points.samples = [sample for sample in points.samples if sample.path in kept]
    return [Problem(problem.file, "image in two splits", problem.message) for problem in found]


def copied_images(points: PointSet) -> list[Problem]:
    """Problems for images with the same bytes under several names."""
    by_size: dict[int, list[Path]] = defaultdict(list)
    for path in dict.fromkeys(sample.path for sample in points.samples):
        by_size[path.stat().st_size].append(path)
    first: dict[str, Path] = {}
    problems = []
    for path in (path for alike in by_size.values() if len(alike) > 1 for path in alike):
        known = first.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path)
        if known is not path:
            problems.append(Problem(path.name, "copied image", f"the same bytes as {known.name}"))
    return problems


def _head(points: PointSet, sample: Sample, *, decode: bool) -> Head | None:
    try:
        head = read_head(sample.path)
        if decode:
            read_image(sample.path, channels=3)
    except UnreadableImage as error:
        points.problems.append(Problem(sample.path.name, "unreadable image", error.reason))
        return None
    if head.turned:
        message = "EXIF turns the pixels; the points are taken as drawn on the upright image"
        points.problems.append(Problem(sample.path.name, "turned image", message))
    return head
