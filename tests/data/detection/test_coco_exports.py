"""COCO files as exporters and merges write them; every right value was measured on a public bug report."""

import json
import os

import pytest
import torch
from detection_sets import coco, only, paint, write_coco

from zoo.data.detection.coco import read_coco
from zoo.errors import ZooError

BOX = [10, 10, 20, 10]  # x, y, width, height


def changed(root, change, boxes=((0, 5, *BOX), (1, 7, *BOX), (2, 5, *BOX))):
    """A training file of three images after `change(content)`, as read."""
    write_coco(root, list(boxes))
    file = root / "annotations" / "train.json"
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    return read_coco(file, root / "train")


def each(name, **values):
    return lambda content: [entry.update(values) for entry in content[name]]


def shapes(found):
    return {record.path.name: record.boxes.tolist() for record in found.records}


CORNERS = [[10, 10, 30, 20]]


@pytest.mark.parametrize(
    "change",
    [
        each("images", width=None, height=None),
        lambda content: [image.pop("width") and image.pop("height") for image in content["images"]],
        each("images", width=0, height=0),
        each("images", width="60", height="40.0"),
        each("images", width=-1, height="40px"),
        each("annotations", iscrowd="0"),
        each("annotations", iscrowd=False),
        each("annotations", iscrowd="No"),
        each("annotations", iscrowd=None),
        each("annotations", bbox=["10", "10", "20", "10"]),
        each("annotations", bbox=[], segmentation=[[10, 10, 30, 10], [30, 20, 12, 18]]),
        each("annotations", bbox=None, segmentation=[10, 10, 30, 10, 30, 20]),
        lambda content: [a.update(image_id=str(a["image_id"])) for a in content["annotations"]],
        lambda content: [i.update(id=f"{i['id']:06}") for i in content["images"]],
        lambda content: [a.update(image_id=f"train{a['image_id']}.png") for a in content["annotations"]],
        lambda content: [a.update(image_id=float(a["image_id"])) for a in content["annotations"]],
        lambda content: [a.update(category_id=str(a["category_id"])) for a in content["annotations"]],
        lambda content: [a.update(image_id=f"{a['image_id']}.0") for a in content["annotations"]],
        lambda content: [i.update(file_name=f"C:\\data\\{i['file_name']}") for i in content["images"]],
        lambda content: [i.update(file_name=f"/home/me/train/{i['file_name']}") for i in content["images"]],
        lambda content: [i.update(file_name=i["file_name"].replace("png", "jpg")) for i in content["images"]],
        lambda content: [i.update(file_name=i["file_name"].removesuffix(".png")) for i in content["images"]],
        lambda content: [i.update(file_name=i["file_name"].upper()) for i in content["images"]],
    ],
    ids=lambda change: "",
)
def test_spellings_of_one_set(tmp_path, change):
    found = changed(tmp_path, change)
    assert shapes(found) == {f"train{i}.png": CORNERS for i in range(3)}
    assert {problem.kind for problem in found.problems} <= {"id gap"}


@pytest.mark.parametrize("mark", [{"iscrowd": "1"}, {"ignore": 1}])
def test_a_crowd_may_be_text_or_ignored(tmp_path, mark):
    found = changed(tmp_path, each("annotations", **mark))
    assert [len(record.ignore) for record in found.records] == [1, 1, 1]


def test_an_image_name_may_be_in_latin_1(tmp_path):
    paint(tmp_path / "train" / os.fsdecode(b"M\xfcller.png"), 9)
    found = changed(tmp_path, lambda content: content["images"][0].update(file_name="M\u00fcller.png"))
    assert [record.boxes.tolist() for record in found.records] == [CORNERS] * 3
    assert found.notes[-1].endswith(r"M\xfcller.png")


def test_an_image_id_of_two_images_leaves_both_out(tmp_path):
    found = changed(tmp_path, lambda content: content["images"][1].update(id="0"))
    assert list(shapes(found)) == ["train2.png"]
    (problem,) = [problem for problem in found.problems if problem.kind == "duplicate id"]
    assert "left out train0.png, train1.png: their id is 0" in problem.message


def test_an_image_listed_twice_has_the_boxes_of_both_entries(tmp_path):
    found = changed(tmp_path, lambda content: content["images"][1].update(file_name="train0.png"))
    assert shapes(found) == {"train0.png": CORNERS * 2, "train2.png": CORNERS}
    assert found.records[0].labels.tolist() == [0, 1]
    assert found.notes[-1] == "1 images are listed more than once, e.g. train0.png: their boxes are joined"


def test_a_category_id_of_two_classes_is_refused(tmp_path):
    changed(tmp_path, lambda content: content["categories"][1].update(id=5))
    write_coco(tmp_path, [(0, 5, *BOX)], split="val")
    with pytest.raises(ZooError, match="duplicate class: category id 5 is 'cat' and 'dog'"):
        coco(tmp_path).setup()


def test_a_category_that_only_groups_others_is_no_class(tmp_path):
    root = {"id": 0, "name": "cat", "supercategory": "none"}
    found = changed(tmp_path, lambda content: content["categories"].insert(0, root))
    assert found.class_names == ["cat", "dog"]
    assert found.notes[0] == "category 0 `cat` has no annotation: it is no class"


def test_a_supercategory_without_annotations_is_no_class(tmp_path):
    def group(content):
        each("categories", supercategory="pets")(content)
        content["categories"].append({"id": 0, "name": "pets"})

    assert changed(tmp_path, group).class_names == ["cat", "dog"]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (each("annotations", bbox=[10, 10, 0, 10]), "empty box"),
        (each("annotations", bbox=None), "broken annotation"),
        (each("annotations", category_id=None), "broken annotation"),
        (each("annotations", category_id=99), "unknown class"),
        (each("annotations", iscrowd="perhaps"), "broken annotation"),
        (each("annotations", bbox=[100, 10, 9, 9]), "box outside"),
    ],
)
def test_an_image_that_loses_its_boxes_is_no_background(tmp_path, change, kind):
    found = changed(tmp_path, change)
    assert found.records == []
    assert {kind, "lost boxes"} <= {problem.kind for problem in found.problems}


def test_boxes_that_reach_out_are_clipped(tmp_path):
    """Full-body boxes (CrowdHuman, MOT17) reach out of the image where the body does."""
    boxes = [(i % 3, 5, *((-6 + i, 20, 30, 40) if i % 2 else (20 + i, 5, 12, 30))) for i in range(12)]
    write_coco(tmp_path, boxes)
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)], split="val")
    data = coco(tmp_path)
    assert len(only(data.annotations(decode=False), "box partly outside")) == 6
    assert sum(len(target["labels"]) for target in data.dataset("train").targets) == 12


def test_the_images_may_lie_beside_the_json(tmp_path):
    """Roboflow's layout: train/_annotations.coco.json and valid/… with the images."""
    write_coco(tmp_path, [(0, 5, *BOX)])
    write_coco(tmp_path, [(0, 5, *BOX)], split="valid", shade=100)
    for split in ("train", "valid"):
        (tmp_path / "annotations" / f"{split}.json").rename(tmp_path / split / "_annotations.coco.json")
    with pytest.raises(
        ZooError, match=r"train.json does not exist; there are train/_annotations.coco.json, valid/_ann"
    ):
        coco(tmp_path).annotations(decode=False)
    data = coco(tmp_path, train="train/_annotations.coco.json", val="valid/_annotations.coco.json")
    assert torch.equal(data.annotations(decode=True)["val"].records[0].boxes, torch.tensor([[10.0, 10, 30, 20]]))


def test_a_missing_image_does_not_take_the_file_of_another(tmp_path):
    write_coco(tmp_path, [(0, 5, *BOX), (1, 5, *BOX)])
    paint(tmp_path / "train" / "a" / "train1.png", 3)
    (tmp_path / "train" / "train1.png").unlink()
    (tmp_path / "train" / "train0.png").unlink()
    file = tmp_path / "annotations" / "train.json"
    file.write_text(file.read_text().replace('"train1.png"', '"a/train1.png"').replace("train0.png", "b/train1.png"))
    found = read_coco(file, tmp_path / "train")
    assert [record.path.name for record in found.records] == ["train1.png", "train2.png"]
    assert "b/train1.png does not exist" in next(p.message for p in found.problems if p.kind == "missing image")


def test_an_image_without_annotations_is_no_background_where_annotations_have_no_image(tmp_path):
    found = changed(tmp_path, lambda content: content["annotations"][1].update(image_id=99))
    assert list(shapes(found)) == ["train0.png", "train2.png"]
    assert [(p.file, p.kind) for p in found.problems if p.kind != "id gap"] == [
        ("train.json", "missing image"),
        ("train1.png", "lost boxes"),
    ]


def test_a_file_of_the_test_split_that_is_not_read_is_named(tmp_path):
    write_coco(tmp_path, [(0, 5, *BOX)])
    write_coco(tmp_path, [(0, 5, *BOX)], split="test")
    train = coco(tmp_path, val=None, test=None).annotations(decode=False)["train"]
    assert "not read: annotations/test.json; data.test=annotations/test.json takes it" in train.notes
    train = coco(tmp_path, val=None, test="annotations/test.json").annotations(decode=False)["train"]
    assert not any("not read" in note for note in train.notes)


def test_areas_tell_corners_from_sizes(tmp_path):
    corners = [(i, 5, 10, 10, 20 + i, 15 + i) for i in range(3)]  # inside the image in either form

    def with_area(content, of):
        for each in content["annotations"]:
            each["area"] = of(*each["bbox"])

    found = changed(tmp_path, lambda content: with_area(content, lambda a, b, c, d: (c - a) * (d - b)), corners)
    assert "3 of 3 areas are those of corners x1, y1, x2, y2" in found.problems[-1].message
    found = changed(tmp_path, lambda content: with_area(content, lambda a, b, c, d: c * d), corners)
    assert not [problem for problem in found.problems if problem.kind == "wrong box format"]


def test_a_box_below_one_pixel_is_no_object(tmp_path):
    found = changed(tmp_path, lambda content: content["annotations"][0].update(bbox=[0.1, 0.2, 0.3, 0.3]))
    assert list(shapes(found)) == ["train1.png", "train2.png"]
    assert [p.kind for p in found.problems if p.kind != "id gap"] == ["empty box", "lost boxes"]


def test_classes_of_nearly_one_name_are_named(tmp_path):
    write_coco(tmp_path, [(0, 5, *BOX), (1, 7, *BOX)])
    file = tmp_path / "annotations" / "train.json"
    content = json.loads(file.read_text())
    content["categories"] = [
        {"id": 5, "name": "cat"},
        {"id": 7, "name": "Cat", "supercategory": "animals"},
        {"id": 8, "name": "Animals"},
    ]
    file.write_text(json.dumps(content))
    train = coco(tmp_path, val=None, test=None).annotations(decode=False)["train"]
    assert train.class_names == ["cat", "Cat"]
    assert [p.message for p in train.problems if p.kind == "similar classes"] == ["Cat, cat are separate classes"]
