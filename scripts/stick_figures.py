"""Draws a set of stick figures with known joints in COCO keypoints form: `python scripts/stick_figures.py FOLDER`.

A figure faces the viewer, so that its left hand is on the right of the image. Each one is turned, scaled, sheared and
moved by its own affine map; a bar hides some of its joints (visibility 1), and some joints are not labeled (0).
"""

import json
import math
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

JOINTS = {  # in units of a figure's height, from its center; x points right and y down
    "head": (0.0, -0.5),
    "neck": (0.0, -0.3),
    "left_elbow": (0.2, -0.2),
    "right_elbow": (-0.2, -0.2),
    "left_hand": (0.35, -0.1),
    "right_hand": (-0.35, -0.1),
    "hip": (0.0, 0.1),
    "left_knee": (0.12, 0.3),
    "right_knee": (-0.12, 0.3),
    "left_foot": (0.16, 0.5),
    "right_foot": (-0.16, 0.5),
}
LINES = (
    *(("head", "neck"), ("neck", "hip"), ("neck", "left_elbow"), ("left_elbow", "left_hand"), ("neck", "right_elbow")),
    *(("right_elbow", "right_hand"), ("hip", "left_knee"), ("left_knee", "left_foot"), ("hip", "right_knee")),
    ("right_knee", "right_foot"),
)
SIZE = (200, 160)  # width and height of an image in pixels
COUNTS = {"train": 600, "val": 100, "test": 100}


def pose(rng: np.random.Generator) -> np.ndarray:
    """Joints of a figure [K 2] around the origin, with its own arms and legs."""
    points = np.array(list(JOINTS.values()))
    for elbow, hand in ((2, 4), (3, 5)):
        points[hand] = points[elbow] + np.array([0, -1]) * 0.2 if rng.random() < 0.5 else points[hand]
    return points + rng.normal(0, 0.02, points.shape)


def placed(points: np.ndarray, center: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """The joints in pixels, after a random affine map."""
    angle, height = math.radians(rng.uniform(-25, 25)), rng.uniform(70, 110)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    shear = np.array([[rng.uniform(0.85, 1.15), rng.uniform(-0.15, 0.15)], [0, 1]])
    return points @ (height * turn @ shear).T + np.array(center)


def scene(rng: np.random.Generator) -> tuple[Image.Image, list[dict[str, Any]]]:
    """An image with one or two figures, and their annotations."""
    background = rng.integers(0, 256, (*(side // 20 for side in reversed(SIZE)), 3), dtype=np.uint8)
    image = Image.fromarray(background).resize(SIZE, Image.Resampling.BICUBIC).point(lambda value: 100 + value // 3)
    draw = ImageDraw.Draw(image)
    annotations: list[dict[str, Any]] = []
    centers = [(55.0, 80.0), (145.0, 80.0)] if rng.random() < 0.5 else [(100.0, 80.0)]
    for x, y in centers:
        points = placed(pose(rng), (x + rng.uniform(-5, 5), y + rng.uniform(-10, 10)), rng)
        color = tuple(int(value) for value in rng.choice([0, 255]) + rng.integers(-30, 31, 3))
        color = tuple(min(max(value, 0), 255) for value in color)
        places = dict(zip(JOINTS, [(float(x), float(y)) for x, y in points], strict=True))
        for a, b in LINES:
            draw.line([places[a], places[b]], fill=color, width=3)
        (head_x, head_y) = places["head"]
        draw.ellipse((head_x - 6, head_y - 6, head_x + 6, head_y + 6), fill=color)
        flags = np.where(rng.random(len(points)) < 0.05, 0, 2)
        if rng.random() < 0.3:  # a bar over some joints
            low, high = sorted(rng.uniform(points[:, 1].min(), points[:, 1].max(), 2))
            high = min(high, low + 20)
            left, right = points[:, 0].min() - 5, points[:, 0].max() + 5
            draw.rectangle((left, low, right, high), fill=tuple(int(value) for value in rng.integers(80, 180, 3)))
            covered = (points[:, 1] >= low) & (points[:, 1] <= high)
            flags = np.where(covered & (flags > 0), 1, flags)
        (x1, y1), (x2, y2) = points.min(0) - 6, points.max(0) + 6
        keypoints = np.column_stack([np.where(flags[:, None] > 0, points, 0).round(2), flags])
        annotations.append(
            {
                "category_id": 1,
                "bbox": [round(float(value), 2) for value in (x1, y1, x2 - x1, y2 - y1)],
                "area": round(float((x2 - x1) * (y2 - y1)) * 0.5, 2),
                "iscrowd": 0,
                "num_keypoints": int((flags > 0).sum()),
                "keypoints": keypoints.ravel().tolist(),
            }
        )
    return image, annotations


def write(folder: Path, counts: dict[str, int] = COUNTS, seed: int = 0) -> None:
    """Writes `images/` and `train.json`, `val.json` and `test.json`."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    names = list(JOINTS)
    skeleton = [[names.index(a) + 1, names.index(b) + 1] for a, b in LINES]
    category = {"id": 1, "name": "figure", "keypoints": names, "skeleton": skeleton}
    for number, (split, count) in enumerate(counts.items()):
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for i in range(count):
            image, found = scene(np.random.default_rng([seed, number, i]))
            name = f"{split}_{i:04d}.png"
            image.save(folder / "images" / name)
            images.append({"id": i + 1, "file_name": name, "width": SIZE[0], "height": SIZE[1]})
            annotations += [{"id": len(annotations) + k, "image_id": i + 1} | each for k, each in enumerate(found, 1)]
        content = {"images": images, "annotations": annotations, "categories": [category]}
        (folder / f"{split}.json").write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to write")
    write(parser.parse_args().folder)
