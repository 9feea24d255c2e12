"""Checks a detection set before training: a list of problems, and sheets of images with their boxes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from PIL import Image

from zoo.data.base import DataModule
from zoo.data.detection.annotations import HARMLESS, Annotations, Record
from zoo.data.detection.drawing import COLORS, draw_boxes, sheet
from zoo.data.images.files import read_image
from zoo.data.problems import print_problems

_SHOWN = 12  # images of each split
_SIDE, _COLUMNS = 320, 4  # of the sheet


def check_images(datamodule: DataModule, class_names: Sequence[str], folder: Path) -> bool:
    """Draws images of every split with their boxes into `boxes_SPLIT.png` and prints their number; always True."""
    for split in ("train", "val", "test"):
        images, targets = datamodule.dataset(split)[torch.arange(min(_SHOWN, len(datamodule.dataset(split))))]
        drawn = []
        for image, target in zip(images, targets, strict=True):
            labels = target["labels"].tolist()
            captions, colors = [str(class_names[i]) for i in labels], [COLORS[i % len(COLORS)] for i in labels]
            drawn.append(draw_boxes(image, target["boxes"], captions, colors, enlarge=2))
        path = folder / f"boxes_{split}.png"
        sheet(drawn, side=_SIDE, columns=_COLUMNS).save(path)
        print(f"{split}: {len(datamodule.dataset(split)):,} pictures; {path}")
    print("no problems")
    return True


def check_annotations(splits: Mapping[str, Annotations], folder: Path) -> bool:
    """Prints the content and the problems of annotation files and draws `boxes_SPLIT.png`.

    Returns:
        True if no annotation would be left out.
    """
    for split, annotations in splits.items():
        for line in _contents(split, annotations):
            print(line)
        path = folder / f"boxes_{split}.png"
        shown = [_drawn(record, annotations.class_names) for record in annotations.records[:_SHOWN]]
        sheet(shown, side=_SIDE, columns=_COLUMNS).save(path)
        print(f"  {path}")
    for split in ("val", "test"):
        if split not in splits:
            print(f"no {split} split is given")
    problems = [problem for annotations in splits.values() for problem in annotations.problems]
    wrong = print_problems(problems, HARMLESS)
    print(f"{wrong} problems" if wrong else "no problems")
    return not wrong


def _contents(split: str, annotations: Annotations) -> list[str]:
    counts = Counter(label for record in annotations.records for label in record.labels.tolist())
    empty = sum(not len(record.labels) for record in annotations.records)
    classes = ", ".join(f"{name} {counts[i]:,}" for i, name in enumerate(annotations.class_names))
    lines = [f"{split}: {len(annotations.records):,} pictures ({empty:,} without objects); {classes}"]
    return lines + [f"  {note}" for note in annotations.notes]


def _drawn(record: Record, names: list[str]) -> Image.Image:
    labels = record.labels.tolist()
    captions, colors = [names[i] for i in labels], [COLORS[i % len(COLORS)] for i in labels]
    return draw_boxes(read_image(record.path, channels=3), record.boxes, captions, colors)
