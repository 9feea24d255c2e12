"""YOLO and VOC sets as exporters write them."""

import shutil

import pytest
from detection_sets import BOX, LINE, boxes_of, read_yolo, voc, write_voc, write_yolo, yolo

from zoo.data.detection.annotations import require_usable
from zoo.data.detection.voc import read_voc
from zoo.data.detection.yolo_names import yolo_classes, yolo_keypoints
from zoo.data.detection.yolo_txt import read_yolo_txt
from zoo.errors import ZooError


@pytest.mark.parametrize("name", ["train0.TXT", "Train0.txt", "TRAIN0.TXT"])
def test_a_label_file_may_be_spelled_in_capitals(tmp_path, name):
    write_yolo(tmp_path, {"train0": LINE, "train1": LINE})
    (tmp_path / "labels" / "train" / "train0.txt").rename(tmp_path / "labels" / "train" / name)
    found = read_yolo(tmp_path)
    assert boxes_of(found) == {"train0": [BOX], "train1": [BOX]}
    assert not found.notes
    assert not found.problems


def test_letters_may_be_composed_or_decomposed(tmp_path):
    write_yolo(tmp_path, {"u\u0308": LINE}, images=1)
    (tmp_path / "images" / "train" / "train0.png").rename(tmp_path / "images" / "train" / "\u00fc.png")
    assert boxes_of(read_yolo(tmp_path)) == {"\u00fc": [BOX]}


@pytest.mark.parametrize("name", ["train0.png.txt", "cam1/train0.txt", "labels/train0.txt"])
def test_a_label_file_is_found_by_its_last_name(tmp_path, name):
    write_yolo(tmp_path, {"train0": LINE, "train1": LINE})
    moved = tmp_path / "labels" / "train" / name
    moved.parent.mkdir(exist_ok=True)
    (tmp_path / "labels" / "train" / "train0.txt").rename(moved)
    found = read_yolo(tmp_path)
    assert boxes_of(found) == {"train0": [BOX], "train1": [BOX]}
    assert found.notes == [f"1 label files are found by their last name, e.g. {moved}"]
    assert not found.problems


@pytest.mark.parametrize("shape", [(3, 2), (4, 3)])
def test_the_keypoints_of_a_pose_set_are_no_outline(tmp_path, shape):
    points = " 0.1 0.9" * 3 if shape[1] == 2 else " 0.1 0.9 1" * 4
    write_yolo(tmp_path, {"train0": LINE + points})
    (tmp_path / "data.yaml").write_text(f"names: [cat]\nkpt_shape: [{shape[0]}, {shape[1]}]")
    found = read_yolo_txt(tmp_path, "train", ["cat"], keypoints=yolo_keypoints(tmp_path))
    assert boxes_of(found) == {"train0": [BOX], "train1": []}


def test_names_of_yaml_are_text(tmp_path):
    (tmp_path / "data.yaml").write_text("names: [yes, no, 007, 1e3, null]")
    assert yolo_classes(tmp_path) == ["yes", "no", "007", "1e3", "null"]
    (tmp_path / "classes.txt").write_text("no\nyes")
    with pytest.raises(ZooError, match=r"which differ: classes.txt, data.yaml: keep one"):
        yolo_classes(tmp_path)


def test_an_outline_gives_the_box_around_it(tmp_path):
    write_yolo(
        tmp_path, {"train0": f"1 0.4 0.25 0.6 0.25 0.6 0.75 0.4 0.75\n{LINE}", "train1": "0 0.4 0.25 0.6 0.75 0.4 0.7"}
    )
    found = read_yolo(tmp_path)
    assert boxes_of(found) == {"train0": [BOX, BOX], "train1": [BOX]}
    assert found.notes == ["2 lines are outlines: the boxes around them are taken"]


@pytest.mark.parametrize(
    "line",
    [
        "0 24 16 24 16",
        "0 0.5 0.5 0.2",
        "0 0.5 0.5 0.2 0.5 0.9",
        "7 0.5 0.5 0.2 0.5",
        "cat 0 0 1 1",
        "0 0.5 0.5 nan 0.1",
    ],
)
def test_a_broken_line_leaves_its_image_out(tmp_path, line):
    write_yolo(tmp_path, {"train0": line, "train1": LINE, "train2": LINE}, images=3)
    found = read_yolo(tmp_path)
    assert list(boxes_of(found)) == ["train1", "train2"]
    assert any("lost boxes, e.g. train0.png" in said for said in require_usable({"train": found}, "skip"))


def test_images_without_a_label_file_are_counted(tmp_path):
    write_yolo(tmp_path, {"train0": LINE})
    assert read_yolo(tmp_path).notes == ["1 images have no label file and count as background"]


def test_other_layouts_are_read_yolo(tmp_path):
    write_yolo(tmp_path / "a", {"val0": LINE}, split="val", images=1)
    roboflow = tmp_path / "b" / "valid"
    shutil.copytree(tmp_path / "a" / "images" / "val", roboflow / "images")
    shutil.copytree(tmp_path / "a" / "labels" / "val", roboflow / "labels")
    beside = tmp_path / "c" / "images" / "val"
    shutil.copytree(tmp_path / "a" / "images" / "val", beside)
    shutil.copy(tmp_path / "a" / "labels" / "val" / "val0.txt", beside)
    (tmp_path / "a" / "labels").rename(tmp_path / "a" / "Labels")
    (tmp_path / "a" / "images").rename(tmp_path / "a" / "Images")
    for name in "abc":
        assert boxes_of(read_yolo(tmp_path / name, "val")) == {"val0": [BOX]}
    with pytest.raises(ZooError, match="mages/train does not exist: a YOLO set has images/train and labels/train"):
        read_yolo(tmp_path / "a")


@pytest.mark.parametrize("file", ["obj.names", "birds.names", "labels.txt", "data.yml", "birds.yaml"])
def test_class_names_have_many_homes(tmp_path, file):
    (tmp_path / file).write_text("names: [ant, bee]" if file[-3:] in ("yml", "aml") else "ant\nbee\n")
    assert yolo_classes(tmp_path) == ["ant", "bee"]


@pytest.mark.parametrize(
    "line",
    [
        "a.png",
        "JPEGImages/a.png",
        r"C:\set\JPEGImages\a.png",
        "a.xml",
        "A",
        "a.png  1",
        "JPEGImages/a.png Annotations/a.xml",
    ],
)
def test_a_voc_list_may_name_files(tmp_path, line):
    write_voc(tmp_path, [("a", "cell", 1, 1, 60, 40)])
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_text(line)
    (tmp_path / "Annotations" / "a.xml").rename(tmp_path / "Annotations" / "a.XML")
    (record,) = read_voc(tmp_path, "train").records
    assert record.boxes.tolist() == [[0, 0, 60, 40]]


def test_voc_files_may_lie_in_folders_of_the_splits(tmp_path):
    write_voc(tmp_path / "a", [(name, "cell", 1, 1, 60, 40) for name in "abc"])
    for name, split in zip("abc", ("train", "valid", "test"), strict=True):
        (tmp_path / split).mkdir()
        shutil.move(tmp_path / "a" / "JPEGImages" / f"{name}.png", tmp_path / split)
        shutil.move(tmp_path / "a" / "Annotations" / f"{name}.xml", tmp_path / split)
    shutil.rmtree(tmp_path / "a")
    splits = voc(tmp_path).annotations(decode=False)
    assert {split: len(found.records[0].boxes) for split, found in splits.items()} == {"train": 1, "val": 1, "test": 1}


@pytest.mark.parametrize(
    "change", [str.upper, lambda text: text.replace("<annotation>", '<annotation xmlns="urn:voc">')]
)
def test_voc_tags_in_capitals_or_a_namespace_are_read_yolo(tmp_path, change):
    write_voc(tmp_path, [("a", "CELL", 1, 1, 60, 40)])
    file = tmp_path / "Annotations" / "a.xml"
    file.write_text(change(file.read_text()))
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_text("a")
    (tmp_path / "JPEGImages").rename(tmp_path / "images")
    (tmp_path / "Annotations").rename(tmp_path / "annotations")
    (record,) = read_voc(tmp_path, "train").records
    assert record.boxes.tolist() == [[0, 0, 60, 40]]


def test_a_voc_image_that_loses_its_boxes_is_no_background(tmp_path):
    write_voc(tmp_path, [("a", "cell", "x", 5, 9, 9), ("b", "cell", 1, 1, 9, 9)])
    assert read_voc(tmp_path, "train").records == []
    (tmp_path / "Annotations" / "b.xml").unlink()
    found = read_voc(tmp_path, "val")
    assert len(found.records[0].labels) == 0
    assert found.notes == ["1 images have no XML file and count as background"]


def test_single_lines_in_pixels_are_left_out(tmp_path):
    write_yolo(tmp_path, {"train0": LINE, "train1": "0 24 16 24 16"})
    write_yolo(tmp_path, {"val0": LINE}, split="val")
    assert len(yolo(tmp_path).dataset("train")) == 1
