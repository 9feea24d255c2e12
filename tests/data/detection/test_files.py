from shutil import copytree

import pytest
import torch
from detection_sets import coco, only, paint, voc, write_coco, write_voc, write_yolo, yolo
from PIL import Image

from zoo.data.detection.annotations import Annotations, Problem, require_usable
from zoo.data.images.files import ORIENTATION
from zoo.distribution import run_command
from zoo.errors import ZooError

SKIP = "data.on_bad_annotation=skip leaves out what is wrong"


@pytest.mark.parametrize(
    ("box", "kind", "message"),
    [
        ((0, 5, 10, 10, 0, 8), "empty box", "(10, 10, 10, 18) in an image of 60×40"),
        ((0, 5, 30, 10, -8, 8), "reversed box", "(30, 10, 22, 18)"),
        ((0, 5, 80, 10, 8, 8), "box outside", "(80, 10, 88, 18)"),
        ((0, 5, float("nan"), 10, 8, 8), "not a number", "nan"),
        ((0, 5, 0, 0, 30, 20), "duplicate box", "(0, 0, 30, 20)"),
        ((0, 9, 0, 0, 30, 20), "unknown class", "category id 9"),
        ((0, 5, 0, 0, 30, 20, {"bbox": [1, 2]}), "broken annotation", "bbox [1, 2]"),
        ((77, 5, 0, 0, 30, 20), "missing image", "1 annotations name image id 77"),
    ],
)
def test_bad_annotations_are_skipped_or_refused(tmp_path, box, kind, message):
    usual = [(i % 3, 5, i, 0, 30, 20) for i in range(12)]
    write_coco(tmp_path, [*usual, box])
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)], split="val")
    (problem,) = only(coco(tmp_path).annotations(decode=True), kind)
    assert message in problem.message
    assert sum(len(t["labels"]) for t in coco(tmp_path).dataset("train").targets) == 12
    with pytest.raises(ZooError) as refusal:
        coco(tmp_path, on_bad_annotation="refuse").setup()
    assert str(refusal.value) == f"{problem} ({SKIP})"


@pytest.mark.parametrize(
    ("kind", "count", "remarks"),
    [
        ("empty box", 1, " (data.on_bad_annotation=skip leaves out what is wrong)"),
        (
            "empty box",
            3,
            " (and 2 more; CHECK lists them; data.on_bad_annotation=skip leaves out what is wrong)",
        ),
        ("pixel boxes", 1, ""),
        ("pixel boxes", 2, " (and 1 more; CHECK lists them)"),
    ],
)
def test_a_refusal_names_the_next_step(kind, count, remarks):
    train = Annotations([], ["cat"], [Problem("a.txt", kind, "line 1")] * count)
    with pytest.raises(ZooError) as refusal:
        require_usable({"train": train}, "refuse")
    assert str(refusal.value) == f"a.txt: {kind}: line 1{remarks.replace('CHECK', run_command('check_data'))}"


def test_a_box_partly_outside_is_clipped(tmp_path):
    write_coco(tmp_path, [(0, 5, 40, 10, 40, 20)])
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)], split="val")
    data = coco(tmp_path, on_bad_annotation="refuse")
    assert data.dataset("train").targets[0]["boxes"][0, 2] == 64
    assert len(only(coco(tmp_path).annotations(decode=False), "box partly outside")) == 1


def test_corners_read_as_corner_and_size_are_recognized(tmp_path):
    corners = [(i % 3, 5, 20 + i, 15 + i, 45 + i, 30 + i) for i in range(12)]
    write_coco(tmp_path, corners)
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)], split="val")
    with pytest.raises(ZooError, match=r"wrong box format.*they fit as corners x1, y1, x2, y2"):
        coco(tmp_path).setup()


def test_fractions_read_as_pixels_are_refused(tmp_path):
    write_coco(tmp_path, [(i % 3, 5, 0.1, 0.2, 0.01 * (i + 10), 0.3) for i in range(12)])
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)], split="val")
    with pytest.raises(ZooError, match="normalized boxes"):
        coco(tmp_path).setup()


@pytest.mark.parametrize("decode", [False, True])
@pytest.mark.parametrize(("width", "height"), [(60, 40), (40, 60)])
def test_boxes_refer_to_the_upright_image(tmp_path, width, height, decode):
    write_voc(tmp_path, [(name, "cell", 5, 5, 9, 9) for name in "abc"])
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.new("RGB", (60, 40), (9, 8, 7)).save(tmp_path / "JPEGImages" / "a.png", exif=exif)  # 40×60 when upright
    xml = tmp_path / "Annotations" / "a.xml"
    size = f"<width>{width}</width><height>{height}</height>"
    xml.write_text(xml.read_text().replace("<width>60</width><height>40</height>", size))
    train = voc(tmp_path).annotations(decode=decode)["train"]
    upright = (width, height) == (40, 60)
    told = (
        "a.png: turned image: EXIF turns the pixels; the boxes are taken as drawn on the upright image"
        if upright
        else "a.png: wrong image size: 40×60 pixels once EXIF has turned it, annotated as 60×40"
    )
    assert told in map(str, train.problems)
    assert len(train.records) == upright


def test_an_image_in_two_splits_stays_in_the_later_one(tmp_path):
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)])
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)], split="val")
    (tmp_path / "val" / "val0.png").write_bytes((tmp_path / "train" / "train1.png").read_bytes())
    (problem,) = only(coco(tmp_path).annotations(decode=False), "image in two splits")
    assert problem.file == "train1.png"
    assert problem.message == "train and val (val0.png)"
    data = coco(tmp_path)
    assert len(data.dataset("train")) == 2
    assert len(data.dataset("val")) == 3


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            {"val": "val", "test": "val"},
            r"`data.val` \(=val\) is that of data.test, too: data.test=null shares",
        ),
        (
            {"val": "train", "test": None},
            r"`data.train` \(=train\) is that of data.val, too: data.val=null cuts",
        ),
        ({"train": None}, r"`data.train` \(=null\) must name the training split"),
        ({"val": "copy", "test": "val"}, "no images: the val split has none"),
    ],
)
def test_split_names_that_empty_another_split_are_refused(tmp_path, names, message):
    write_yolo(tmp_path, {"train0": "0 0.5 0.5 0.2 0.5"})
    write_yolo(tmp_path, {}, split="val")
    for part in ("images", "labels"):
        copytree(tmp_path / part / "val", tmp_path / part / "copy")
    with pytest.raises(ZooError, match=message):
        yolo(tmp_path, **names).setup()


def test_missing_classes_and_bad_images_are_reported(tmp_path):
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)])
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9), (0, 7, 1, 1, 9, 9)], split="val")
    paint(tmp_path / "train" / "train1.png", 33, size=(50, 40))
    (tmp_path / "train" / "train2.png").write_bytes(b"no image")
    annotations = coco(tmp_path).annotations(decode=True)
    assert only(annotations, "class missing")[0].message == "no object of dog"
    assert only(annotations, "wrong image size")[0].message == "50×40 pixels, annotated as 60×40"
    assert only(annotations, "unreadable image")[0].file == "train2.png"
    assert len(coco(tmp_path).dataset("train")) == 1


@pytest.mark.parametrize(
    ("boxes", "classes", "message"),
    [
        ([(0, 5, 1, 1, 9, 9), (0, 7, 1, 1, 9, 9)], ("cat", "cat"), "train: duplicate class: several .* called 'cat'"),
        ([], (), "train: no classes: there is no class to detect"),
        ([], ("cat",), "train: no boxes: no image has an object to learn from"),
        ([(0, 5, 1, 1, 9, 9, {"iscrowd": 1})], ("cat",), "train: no boxes"),
    ],
)
def test_untrainable_sets_are_refused(tmp_path, boxes, classes, message):
    write_coco(tmp_path, boxes, classes=classes)
    write_coco(tmp_path, [], classes=classes, split="val")
    with pytest.raises(ZooError, match=message):
        coco(tmp_path).setup()


def test_without_validation_and_test_training_images_are_split(tmp_path):
    write_coco(tmp_path, [(i, 5, 1, 1, 9, 9) for i in range(20)], images=20)
    data = coco(tmp_path, val=None)
    paths = [{r.path for r in data.dataset(split).records} for split in ("train", "val", "test")]
    assert [len(p) for p in paths] == [16, 2, 2]
    assert not paths[0] & paths[1] | paths[0] & paths[2] | paths[1] & paths[2]


def test_a_small_set_is_repeated_within_an_epoch(tmp_path):
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)])
    write_coco(tmp_path, [], split="val")
    sampler = coco(tmp_path, min_epoch_size=10).sampler("train")
    shown = torch.cat(list(sampler)).tolist()
    assert len(sampler) == 3
    assert set(shown) == {0, 1, 2}


def test_a_split_may_be_called_by_a_number(tmp_path):
    write_yolo(tmp_path, {"20120": "0 0.5 0.5 0.2 0.5"}, split="2012")
    assert len(yolo(tmp_path, train=2012, val=None).annotations(decode=False)["train"].records) == 2


@pytest.mark.parametrize("kind", ["voc", "yolo"])
def test_images_that_share_an_annotation_file_are_reported(tmp_path, kind):
    if kind == "voc":
        write_voc(tmp_path, [], names=("a", "b"))
        twin, data = tmp_path / "JPEGImages" / "a.webp", voc(tmp_path, val=None, test=None)
    else:
        write_yolo(tmp_path, {})
        twin, data = tmp_path / "images" / "train" / "train0.webp", yolo(tmp_path, val=None)
    paint(twin, 200)
    (problem,) = only(data.annotations(decode=False), "twin image")
    assert problem.file == twin.name
    assert problem.message == f"left out: {twin.stem}.png has the same annotations"
