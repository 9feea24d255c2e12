"""What the lines of a YOLO set say together: ids that count from 1, boxes with keypoints."""

from collections.abc import Sequence

from zoo.data.detection.annotations import Problem

_FEWEST = 3  # lines that decide
_SLACK = 1e-3  # of the side of the image
_VISIBLE = {0.0, 1.0, 2.0}  # the states of a keypoint


def problems_of_rows(rows: Sequence[Sequence[float]], classes: int, keypoints: int) -> list[Problem]:
    """At most two problems of the lines `class …` of a split; `keypoints` values are known to follow each box."""
    problems = []
    ids = {row[0] for row in rows if row}
    if classes in ids and 0 not in ids:
        message = (
            f"no line has class 0, and some have class {classes} of {classes}: the ids count from 1, YOLO counts from 0"
        )
        problems.append(Problem("labels", "ids from 1", message))
    lengths = {len(row) for row in rows}
    if not keypoints and len(rows) >= _FEWEST and len(lengths) == 1 and (shape := _keypoint_shape(rows)) is not None:
        message = f"the lines hold a box and keypoints: write kpt_shape: [{shape[0]}, {shape[1]}] into data.yaml"
        problems.append(Problem("labels", "wrong box format", message))
    return problems


def _keypoint_shape(rows: Sequence[Sequence[float]]) -> tuple[int, int] | None:
    """The number and the size of the keypoints after the box in lines of one length; None if they are outlines.

    A third value of each keypoint is a whole number, which no coordinate within the image is. Without it, all points
    lie within the box; two of them could also be the end of an outline of four corners.
    """
    values = len(rows[0]) - 5
    if values > 3 and values % 3 == 0 and all(set(row[7::3]) <= _VISIBLE for row in rows):
        return values // 3, 3
    if values > 4 and values % 2 == 0 and all(map(_points_in_box, rows)):
        return values // 2, 2
    return None


def _points_in_box(row: Sequence[float]) -> bool:
    _, x, y, width, height, *rest = row
    points = [(px, py) for px, py in zip(rest[::2], rest[1::2], strict=True) if px or py]
    return all(abs(px - x) <= width / 2 + _SLACK and abs(py - y) <= height / 2 + _SLACK for px, py in points)
