"""Writes small detection sets in each of the three formats and reads them."""

import json

from PIL import Image

from zoo.data.detection.files import Coco, Voc, YoloTxt
from zoo.data.detection.yolo_txt import read_yolo_txt

COMMON = {
    "on_bad_annotation": "skip",
    "min_epoch_size": 1,
    "image_size": 64,
    "anchors": "default",
    "num_anchors": 6,
    "batch_size": 4,
    "num_workers": 0,
    "seed": 0,
    "augmentation": None,
}


def paint(path, shade, size=(60, 40)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade, 255 - shade, 7)).save(path)


def write_coco(root, boxes, *, images=3, split="train", classes=("cat", "dog"), first_id=5, shade=0):
    """Writes COCO JSON; `boxes` are (image, class, x, y, w, h) and optionally further keys of the annotation."""
    files, annotations = [], []
    for i in range(images):
        name = f"{split}{i}.png"
        paint(root / split / name, shade + 10 * i + (0 if split == "train" else 100))
        files.append({"id": i, "file_name": name, "width": 60, "height": 40})
    for n, (image, kind, x, y, w, h, *more) in enumerate(boxes):
        entry = {"id": n, "image_id": image, "category_id": kind, "bbox": [x, y, w, h], "iscrowd": 0}
        annotations.append(entry | (more[0] if more else {}))
    categories = [{"id": first_id + 2 * i, "name": name} for i, name in enumerate(classes)]
    (root / "annotations").mkdir(exist_ok=True)
    content = {"images": files, "annotations": annotations, "categories": categories}
    (root / "annotations" / f"{split}.json").write_text(json.dumps(content))


def coco(root, **changes):
    names = {"train": "annotations/train.json", "val": "annotations/val.json", "test": None}
    return Coco(**({"root": str(root), "images": "{split}"} | names | COMMON | changes))


def write_voc(root, boxes, names=("a", "b", "c")):
    (root / "ImageSets" / "Main").mkdir(parents=True)
    (root / "Annotations").mkdir()
    for i, name in enumerate(names):
        paint(root / "JPEGImages" / f"{name}.png", 40 * i)
        things = "".join(
            f"<object><name>{kind}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
            "</bndbox></object>"
            for image, kind, x1, y1, x2, y2 in boxes
            if image == name
        )
        size = "<size><width>60</width><height>40</height><depth>3</depth></size>"
        (root / "Annotations" / f"{name}.xml").write_text(f"<annotation>{size}{things}</annotation>")
    for split, part in (("train", names[:1]), ("val", names[1:2]), ("test", names[2:])):
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text("\n".join(part))


def voc(root, **changes):
    return Voc(**({"root": str(root), "train": "train", "val": "val", "test": "test"} | COMMON | changes))


def write_yolo(root, lines, *, split="train", images=2, names="cat\ndog\n"):
    for i in range(images):
        paint(root / "images" / split / f"{split}{i}.png", 20 * i + (100 if split == "val" else 0))
    (root / "labels" / split).mkdir(parents=True)
    for name, text in lines.items():
        (root / "labels" / split / f"{name}.txt").write_text(text)
    (root / "classes.txt").write_text(names)


def yolo(root, **changes):
    return YoloTxt(**({"root": str(root), "train": "train", "val": "val", "test": None} | COMMON | changes))


def only(annotations, kind):
    return [problem for problem in annotations["train"].problems if problem.kind == kind]


LINE = "0 0.5 0.5 0.2 0.5"
"""A line of a YOLO file."""
BOX = [24, 10, 36, 30]
"""Its box in an image of `paint`."""


def read_yolo(root, split="train"):
    return read_yolo_txt(root, split, ["cat", "dog"])


def boxes_of(annotations):
    return {record.path.stem: record.boxes.round().tolist() for record in annotations.records}
