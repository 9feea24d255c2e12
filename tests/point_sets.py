"""Writes small sets with points and reads them."""

import json

from PIL import Image

from zoo.data.landmarks.files import Points

SHAPE = ((20, 10), (40, 12), (30, 30))  # left eye, right eye and chin in an image of 60×40
NAMES = ("left_eye", "right_eye", "chin")


def paint(path, shade, size=(60, 40)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade % 256, 255 - shade % 256, 7)).save(path)


def write_csv(root, rows, header=None, images=8):
    """Writes `points.csv`; a row is (index of the image, values …) or text."""
    header = header or ",".join(["path", *(f"{name}_{axis}" for name in NAMES for axis in "xy")])
    for i in range(images):
        paint(root / f"{i}.png", 30 * i)
    lines = [row if isinstance(row, str) else ",".join(map(str, (f"{row[0]}.png", *row[1:]))) for row in rows]
    (root / "points.csv").write_text("\n".join([header, *lines]) + "\n")


def moved(i, step=1):
    """The shape of image i, moved a little: values of a row."""
    return [value for x, y in SHAPE for value in (x + i * step, y + i)]


GOOD = [(i, *moved(i)) for i in range(8)]
HEADER = ",".join(["path", *(f"{axis}{k}" for k in (1, 2, 3) for axis in "xy"), "group", "split"])
"""Of numbered points."""


def write_coco(root, split, objects, images=4, names=NAMES):
    """Writes COCO keypoints; an object is (image, keypoints, further keys)."""
    files = [{"id": i, "file_name": f"{split}{i}.png", "width": 60, "height": 40} for i in range(images)]
    for entry in files:
        paint(root / entry["file_name"], 25 * entry["id"] + 7 * len(split))
    annotations = []
    for number, (image, keypoints, more) in enumerate(objects):
        entry = {"id": number, "image_id": image, "category_id": 3, "bbox": [10, 5, 40, 30], "area": 900, "iscrowd": 0}
        annotations.append(entry | {"keypoints": keypoints, "num_keypoints": 1} | more)
    category = {"id": 3, "name": "face", "keypoints": list(names), "skeleton": [[1, 2], [2, 3]]}
    content = {"images": files, "annotations": annotations, "categories": [category]}
    (root / f"{split}.json").write_text(json.dumps(content))


def points(root, **changes):
    options = {
        **{"root": str(root), "images": ".", "train": "auto", "val": "auto", "test": "auto", "coordinates": "pixels"},
        **{"box_margin": 0.1, "normalize_by": "box", "flip_pairs": "auto", "sigmas": "auto", "min_epoch_size": 1},
        **{"on_bad_annotation": "skip", "val_fraction": 0.25, "test_fraction": 0.25, "image_size": 64},
        **{"batch_size": 4, "num_workers": 0, "seed": 0, "augmentation": None},
    }
    return Points(**(options | changes))


def kinds(data):
    """The message of a problem of each kind."""
    splits, _ = data.read(decode=True)
    return {problem.kind: problem.message for part in splits.values() for problem in part.problems}
