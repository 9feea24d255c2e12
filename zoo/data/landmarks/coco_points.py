"""Reads points from COCO keypoints JSON."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import torch

from zoo.data.detection.coco import coco_content
from zoo.data.detection.coco_entries import Box as BoxEntry
from zoo.data.detection.coco_entries import Id, as_id, box_of, category_of, image_of, read_entries, shared_ids
from zoo.data.detection.image_paths import find_images
from zoo.data.landmarks.samples import PointSet, Problem, Sample
from zoo.data.landmarks.squares import Box
from zoo.errors import ZooError

PERSON = (
    "nose",
    *("left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow"),
    *("left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
)
PERSON_SIGMAS = (
    *(0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072),
    *(0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
)
"""Tolerances of COCO's own 17 points, from its evaluation code."""


_FARTHEST = 1e9  # pixels


def read_coco_points(file: Path, images: Path) -> PointSet:
    """Reads the annotations of the JSON `file` whose category has `keypoints`, with images below `images`.

    A point of visibility 0 is not labeled; 1 (hidden) and 2 (visible) are both learned and measured, as in COCO.
    Crowds, and objects without a labeled point, are left out. Categories with points are the classes.

    Raises:
        ZooError: a missing file, one that is not COCO JSON, or categories with different points.
    """
    content = coco_content(file)
    entered, flawed_images = read_entries(content["images"], image_of)
    categories, flawed_categories = read_entries(content["categories"], category_of)
    names, skeleton, ignored = _layout(file, content["categories"])
    with_points = {as_id(c.get("id")) for c in content["categories"] if isinstance(c, dict) and c.get("keypoints")}
    ordered = sorted((c for c in categories if c.id in with_points), key=lambda c: (isinstance(c.id, str), c.id))
    for what, values in (("id", [c.id for c in ordered]), ("name", [c.name for c in ordered])):
        if twice := [value for value, count in Counter(values).items() if count > 1]:
            raise ZooError(
                f"{file} has two categories with the {what} {twice[0]!s:.60}: give each category its own {what}"
            )
    place = {category.id: number for number, category in enumerate(ordered)}
    result = PointSet(names, tuple(category.name for category in ordered), skeleton)
    if ignored:
        message = f"{len(ignored)} lines of the skeleton, e.g. {ignored[0]!r:.40}, name no two points counted from 1"
        result.notes.append(f"{message}: they are not drawn")
    for what, flaws in (("images", flawed_images), ("categories", flawed_categories)):
        result.problems += [Problem(file.name, "broken annotation", f"{what}{message}") for _, message in flaws]
    exact, elsewhere = find_images(images, [image.file_name for image in entered])
    paths: dict[Id, Path] = {}
    shared = shared_ids(entered)
    for image_id, own in shared.items():
        message = f"left out {', '.join(own[:4])}: their id is {image_id}, so their points cannot be assigned"
        result.problems.append(Problem(file.name, "duplicate id", message))
    for image in entered:
        if image.id in shared:
            continue
        found = exact.get(image.file_name) or elsewhere.get(image.file_name)
        if found is None:
            result.problems.append(Problem(file.name, "missing image", f"{images / image.file_name} does not exist"))
        else:
            paths[image.id] = found
    known = {image.id for image in entered}
    counts = dict.fromkeys(("crowds", "annotations of categories without points", "objects without a point"), 0)
    for number, entry in enumerate(content["annotations"]):
        read, flawed = read_entries([entry], box_of)
        if flawed:
            message = f"annotations[{number}]{flawed[0][1].removeprefix('[0]')}"
            result.problems.append(Problem(file.name, "broken annotation", message))
            continue
        box = read[0]
        if box.crowd:
            counts["crowds"] += 1
        elif box.category_id not in place:
            counts["annotations of categories without points"] += 1
        elif box.image_id not in known:
            message = f"annotation {entry.get('id')}: there is no image with the id {box.image_id!s:.40}"
            result.problems.append(Problem(file.name, "broken annotation", message))
        elif box.image_id in paths:
            sample = _sample(result, file, entry, box, paths[box.image_id], place[box.category_id])
            if sample is not None and not sample.visible.any():
                counts["objects without a point"] += 1
            elif sample is not None:
                result.samples.append(sample)
    result.notes += [f"{count} {what} are left out" for what, count in counts.items() if count]
    return result


def _layout(file: Path, categories: list[Any]) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...], list[Any]]:
    """Names of the points and lines between them, equal for all categories that have points, and lines of no points."""
    with_points = [c for c in categories if isinstance(c, dict) and c.get("keypoints")]
    if not with_points:
        raise ZooError(f"{file} has no category with `keypoints`, so its annotations are boxes: take data=localization")
    if wrong := [c["keypoints"] for c in with_points if not isinstance(c["keypoints"], list)]:
        raise ZooError(f"{file} has a category whose `keypoints` are {wrong[0]!r:.40}: a list of names is expected")
    layouts = {tuple(map(str, category["keypoints"])) for category in with_points}
    if len(layouts) > 1:
        raise ZooError(f"{file} has categories with different keypoints; keep those of one kind")
    names = layouts.pop()
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ZooError(f"{file} has two points called `{twice[0]:.60}`: give each point its own name")
    lines, numbers = with_points[0].get("skeleton"), {str(i + 1): i for i in range(len(names))}
    listed = lines if isinstance(lines, list) else []
    pairs = [line for line in listed if isinstance(line, list) and len(line) == 2 and _known(line, numbers)]
    skeleton = tuple((numbers[str(a)], numbers[str(b)]) for a, b in pairs)
    return names, skeleton, [line for line in listed if line not in pairs]


def _known(line: list[Any], numbers: Mapping[str, int]) -> bool:
    return all(str(point) in numbers for point in line)


def _sample(
    result: PointSet, file: Path, entry: Mapping[str, Any], box: BoxEntry, path: Path, label: int
) -> Sample | None:
    """The object of an annotation; None, with a problem, if it is unusable."""
    where = f"annotation {entry.get('id')} of {path.name}"

    def report(kind: str, message: str) -> None:
        result.problems.append(Problem(file.name, kind, f"{where}: {message}"))  # type: ignore[arg-type]

    values, count = entry.get("keypoints"), len(result.names)
    if not isinstance(values, list) or len(values) != 3 * count:
        written = f"{len(values)} values in" if isinstance(values, list) else "no list of"
        report("other number of points", f"{written} `keypoints`, and {count} points need {3 * count} values")
        return None
    if entry.get("bbox") and box.box is None:
        report("bad box", f"`bbox` (={entry['bbox']!r:.60}) must be x, y, width, height")
        return None
    wrong = [value for value in values if not _is_number(value)]
    wrong += [value for value in values if not wrong and not abs(value) <= _FARTHEST]  # also true for NaN
    if wrong:
        report("not a number", f"{wrong[0]!r:.40} in `keypoints`")
        return None
    flags = values[2::3]
    if odd := [flag for flag in flags if flag not in (0, 1, 2)]:
        report("unknown visibility", f"{odd[0]:g}; it is 0 (not labeled), 1 (hidden) or 2 (visible)")
        return None
    area = entry.get("area")
    return Sample(
        path=path,
        points=torch.tensor([values[0::3], values[1::3]], dtype=torch.float32).T.contiguous(),
        visible=torch.tensor([flag > 0 for flag in flags]),
        label=label,
        box=_corners(box),
        area=float(area) if _is_number(area) and 0 < area <= _FARTHEST**2 else None,
        image_id=box.image_id,
        where=where,
    )


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _corners(entry: BoxEntry) -> Box | None:
    if entry.box is None:
        return None
    x, y, width, height = entry.box
    return (x, y, x + width, y + height)
