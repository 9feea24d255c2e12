"""Checks a set with points before training: a list of problems, and sheets of images with their points."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from zoo.data.detection.drawing import sheet
from zoo.data.images.files import read_image
from zoo.data.landmarks.base import PointLayout
from zoo.data.landmarks.crops import square_of
from zoo.data.landmarks.drawing import draw_points
from zoo.data.landmarks.samples import HARMLESS, PointSet, Sample
from zoo.data.problems import print_problems

_SHOWN = 12  # objects of each split
_SIDE, _COLUMNS = 320, 4  # of the sheet


def check_points(splits: Mapping[str, PointSet], layout: PointLayout, folder: Path, *, margin: float) -> bool:
    """Prints the content and the problems of all splits and draws `points_SPLIT.png`.

    Returns:
        True if no object would be left out.
    """
    for split, points in splits.items():
        print(_contents(split, points))
        for note in points.notes:
            print(f"  {note}")
        path = folder / f"points_{split}.png"
        drawn = [_drawn(sample, layout, margin) for sample in points.samples[:_SHOWN]]
        sheet(drawn, side=_SIDE, columns=_COLUMNS).save(path)
        print(f"  {path}")
    print(f"points: {', '.join(layout.names)}")
    print(f"pairs that mirroring swaps: {_pairs(layout)}")
    problems = [problem for points in splits.values() for problem in points.problems]
    wrong = print_problems(problems, HARMLESS)
    print(f"{wrong} problem{'' if wrong == 1 else 's'}" if wrong else "no problems")
    return not wrong


def _contents(split: str, points: PointSet) -> str:
    objects = [sample for sample in points.samples if sample.present]
    counts = Counter(sample.label for sample in objects)
    classes = ", ".join(f"{name} {counts[i]:,}" for i, name in enumerate(points.class_names))
    shown = sum(int(sample.visible.sum()) for sample in objects)
    hidden = len(objects) * len(points.names) - shown
    images = len({sample.path for sample in points.samples})
    return (
        f"{split}: {len(objects):,} objects in {images:,} images; {classes}; {shown:,} points, {hidden:,} not visible"
    )


def _pairs(layout: PointLayout) -> str:
    if layout.pairs is None:
        return "unknown, so images are not mirrored"
    return ", ".join(f"{layout.names[a]} – {layout.names[b]}" for a, b in layout.pairs) or "none, so only images are"


def _drawn(sample: Sample, layout: PointLayout, margin: float) -> Image.Image:
    square = square_of(sample, margin)
    image = square.cut(read_image(sample.path, channels=3), _SIDE)
    return draw_points(image, square.fractions(sample.points) * _SIDE, sample.visible, layout.names, layout.skeleton)
