"""YOLO and VOC sets whose boxes or names are not where they should be: no object becomes background."""

import os
import re

import pytest
from detection_sets import BOX, LINE, boxes_of, read_yolo, write_voc, write_yolo, yolo

from zoo.data.detection.annotations import require_usable
from zoo.data.detection.voc import read_voc
from zoo.data.detection.yolo_names import yolo_classes
from zoo.errors import ZooError


def test_an_image_without_a_label_file_is_no_background_where_a_label_file_has_no_image(tmp_path):
    write_yolo(tmp_path, {"train0": LINE, "train1(1)": LINE})
    found = read_yolo(tmp_path)
    assert boxes_of(found) == {"train0": [BOX]}
    assert [(problem.file, problem.kind) for problem in found.problems] == [
        ("train1(1).txt", "missing image"),
        ("train1.png", "lost boxes"),
    ]


def test_names_in_an_old_encoding_match(tmp_path):
    write_yolo(tmp_path, {"Müller": LINE}, images=1)
    folder = tmp_path / "images" / "train"
    (folder / "train0.png").rename(folder / os.fsdecode(b"M\xfcller.png"))
    (found,) = read_yolo(tmp_path).records
    assert found.boxes.round().tolist() == [BOX]


@pytest.mark.parametrize("values", ["0.3 0.2 0.9 0.9", "0.6 0.1 0.38 0.85"])
def test_corners_and_upper_left_corners_in_fractions_are_refused(tmp_path, values):
    write_yolo(tmp_path, {f"train{i}": f"0 {values}" for i in range(6)}, images=6)
    write_yolo(tmp_path, {"val0": LINE}, split="val")
    with pytest.raises(ZooError, match=r"wrong box format: 100% of 6 boxes .*; read as center and size, they fit as "):
        yolo(tmp_path).setup()


def test_class_ids_that_count_from_one_are_refused(tmp_path):
    write_yolo(tmp_path, {"train0": f"1{LINE[1:]}", "train1": f"2{LINE[1:]}"})
    with pytest.raises(ZooError, match="no line has class 0, and some have class 2 of 2: the ids count from 1"):
        require_usable({"train": read_yolo(tmp_path)}, "skip")


@pytest.mark.parametrize(
    ("points", "shape"),
    [("0.45 0.4 0.5 0.6 0.55 0.5", "[3, 2]"), ("0.9 0.9 1 0.1 0.2 0", "[2, 3]"), ("0.9 0.9 1 " * 4, "[4, 3]")],
)
def test_keypoints_that_no_file_states_are_no_outline(tmp_path, points, shape):
    write_yolo(tmp_path, {f"train{i}": f"{LINE} {points}" for i in range(3)}, images=3)
    with pytest.raises(ZooError, match=re.escape(f"a box and keypoints: write kpt_shape: {shape} into data.yaml")):
        require_usable({"train": read_yolo(tmp_path)}, "skip")


def test_outlines_of_one_length_are_outlines(tmp_path):
    write_yolo(tmp_path, {f"train{i}": "0 0.4 0.25 0.5 0.2 0.6 0.25 0.6 0.75 0.4 0.75" for i in range(3)}, images=3)
    assert not read_yolo(tmp_path).problems


def test_the_number_of_names_is_that_of_the_file(tmp_path):
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\nnc: 3")
    with pytest.raises(ZooError, match="`nc` is 3, and `names` has 2: cat, dog"):
        yolo_classes(tmp_path)
    for count in ("2", "'2'"):
        (tmp_path / "data.yaml").write_text(f"names: [cat, dog]\nnc: {count}")
        assert yolo_classes(tmp_path) == ["cat", "dog"]


@pytest.mark.parametrize("text", ["0: cat\n1: dog", "0 cat\n1 dog", "0,cat\n1,dog"])
def test_numbers_before_class_names_are_no_part_of_them(tmp_path, text):
    (tmp_path / "classes.txt").write_text(text)
    assert yolo_classes(tmp_path) == ["cat", "dog"]
    (tmp_path / "classes.txt").write_text("1 euro\n2 euro")
    assert yolo_classes(tmp_path) == ["1 euro", "2 euro"]


def test_an_xml_file_of_another_name_is_that_of_the_image_that_it_names(tmp_path):
    write_voc(tmp_path, [("a", "cell", 1, 1, 60, 40), ("b", "cell", 5, 5, 9, 9)])
    xml = tmp_path / "Annotations" / "b.xml"
    text = re.sub("<annotation>", "<annotation><filename>b.png</filename>", xml.read_text())
    xml.rename(xml.with_name("x9.xml"))
    xml.with_name("x9.xml").write_text(text)
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_text("a\nb")
    found = read_voc(tmp_path, "train")
    assert boxes_of(found) == {"a": [[0, 0, 60, 40]], "b": [[4, 4, 9, 9]]}
    assert found.notes == ["x9.xml is read for b.png, which it names"]
    xml.with_name("x9.xml").write_text(text.replace("b.png", "c9.png"))
    found = read_voc(tmp_path, "train")
    assert boxes_of(found) == {"a": [[0, 0, 60, 40]]}
    assert [(problem.file, problem.kind) for problem in found.problems] == [
        ("x9.xml", "missing image"),
        ("b.png", "lost boxes"),
    ]


@pytest.mark.parametrize("lost", [1, 2])
def test_boxes_beside_those_of_the_objects_are_lost(tmp_path, lost):
    write_voc(tmp_path, [("a", "cell", 1, 1, 60, 40)], names=["a"])
    xml = tmp_path / "Annotations" / "a.xml"
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    part = f"<part><name>head</name>{box}</part>"
    text = xml.read_text()
    xml.write_text(text.replace("</object>", f"{part}{box * lost}</object>"))
    found = read_voc(tmp_path, "train")
    assert f"{lost} boxes beside those of the objects" in found.problems[0].message
    xml.write_text(re.sub(r"object>", "item>", text))
    found = read_voc(tmp_path, "train", ["cell"])
    assert not found.records
    assert [problem.kind for problem in found.problems] == ["broken annotation", "lost boxes"]
