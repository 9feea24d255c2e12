import json
import os
import re
from pathlib import Path
from shutil import copytree

import pytest
import torch
from PIL import Image

from zoo.data.annotations import Annotations, Problem, require_usable
from zoo.data.detection_files import Coco, Voc, YoloTxt
from zoo.data.images import ORIENTATION
from zoo.data.yolo_txt import yolo_classes
from zoo.errors import ZooError

COMMON = {
    "problems": "skip",
    "least_epoch": 1,
    "image_size": 64,
    "anchors": "default",
    "num_anchors": 6,
    "batch_size": 4,
    "num_workers": 0,
    "seed": 0,
    "augmentation": None,
}
SKIP = "data.problems=skip leaves out what is wrong"
BCCD = Path(os.environ.get("ZOO_TEST_DATA", Path(__file__).parents[2] / "../shared/data")) / "bccd" / "BCCD"


def paint(path, shade, size=(60, 40)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade, 255 - shade, 7)).save(path)


def write_coco(root, boxes, *, pictures=3, split="train", classes=("cat", "dog"), first_id=5, shade=0):
    """`boxes`: (picture, class, x, y, w, h) with more keys of the annotation as a seventh entry."""
    images, annotations = [], []
    for i in range(pictures):
        name = f"{split}{i}.png"
        paint(root / split / name, shade + 10 * i + (0 if split == "train" else 100))
        images.append({"id": i, "file_name": name, "width": 60, "height": 40})
    for n, (picture, kind, x, y, w, h, *more) in enumerate(boxes):
        entry = {"id": n, "image_id": picture, "category_id": kind, "bbox": [x, y, w, h], "iscrowd": 0}
        annotations.append(entry | (more[0] if more else {}))
    categories = [{"id": first_id + 2 * i, "name": name} for i, name in enumerate(classes)]
    (root / "annotations").mkdir(exist_ok=True)
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "annotations" / f"{split}.json").write_text(json.dumps(content))


def coco(root, **changes):
    names = {"train": "annotations/train.json", "val": "annotations/val.json", "test": None}
    return Coco(**({"root": str(root), "images": "{split}"} | names | COMMON | changes))


@pytest.fixture
def good(tmp_path):
    write_coco(tmp_path, [(0, 5, 0, 0, 30, 20), (0, 7, 30, 20, 30, 20), (2, 5, 10, 10, 20, 20, {"iscrowd": 1})])
    write_coco(tmp_path, [(0, 7, 3, 4, 10, 20), (1, 5, 3, 4, 10, 20)], split="val")
    return tmp_path


def test_coco_boxes_are_letterboxed_and_ids_remapped(good, capsys):
    data = coco(good)
    assert data.facts()["num_classes"] == 2
    images, targets = data.split("train")[torch.arange(3)]
    assert images.shape == (3, 3, 64, 64)
    scale, top = 64 / 60, (64 - 43) // 2
    expected = torch.tensor([[0, top, 30 * scale, top + 20 * 43 / 40], [30 * scale, top + 20 * 43 / 40, 64, top + 43]])
    torch.testing.assert_close(targets[0]["boxes"], expected, atol=1e-3, rtol=0)
    assert targets[0]["labels"].tolist() == [0, 1]
    assert len(targets[1]["labels"]) == 0  # a picture without annotation shows what is no object
    assert targets[2]["ignore_labels"].tolist() == [0]
    said = capsys.readouterr().out
    assert "category ids are remapped: 5→0, 7→1" in said
    assert "no test split is given: the val pictures serve as both" in said


def only(annotations, kind):
    return [problem for problem in annotations["train"].problems if problem.kind == kind]


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
def test_each_wrong_annotation_is_named_and_left_out_or_refused(tmp_path, box, kind, message):
    usual = [(i % 3, 5, i, 0, 30, 20) for i in range(12)]
    write_coco(tmp_path, [*usual, box])
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)], split="val")
    (problem,) = only(coco(tmp_path).annotations(decode=True), kind)
    assert message in problem.message
    assert sum(len(t["labels"]) for t in coco(tmp_path).split("train").targets) == 12
    with pytest.raises(ZooError) as refusal:
        coco(tmp_path, problems="refuse").setup()
    assert str(refusal.value) == f"{problem} ({SKIP})"


@pytest.mark.parametrize(
    ("kind", "count", "remarks"),
    [
        ("empty box", 1, " (data.problems=skip leaves out what is wrong)"),
        (
            "empty box",
            3,
            " (and 2 more; scripts/check_data.py lists them; data.problems=skip leaves out what is wrong)",
        ),
        ("pixel boxes", 1, ""),
        ("pixel boxes", 2, " (and 1 more; scripts/check_data.py lists them)"),
    ],
)
def test_a_refusal_says_how_to_go_on(kind, count, remarks):
    train = Annotations([], ["cat"], [Problem("a.txt", kind, "line 1")] * count)
    with pytest.raises(ZooError) as refusal:
        require_usable({"train": train}, "refuse")
    assert str(refusal.value) == f"a.txt: {kind}: line 1{remarks}"


def test_a_box_that_sticks_out_is_clipped(tmp_path):
    write_coco(tmp_path, [(0, 5, 40, 10, 40, 20)])
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)], split="val")
    data = coco(tmp_path, problems="refuse")
    assert data.split("train").targets[0]["boxes"][0, 2] == 64
    assert len(only(coco(tmp_path).annotations(decode=False), "box partly outside")) == 1


def test_corners_given_as_corner_and_size_are_guessed(tmp_path):
    corners = [(i % 3, 5, 20 + i, 15 + i, 45 + i, 30 + i) for i in range(12)]
    write_coco(tmp_path, corners)
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)], split="val")
    with pytest.raises(ZooError, match=r"wrong box format.*they fit as corners x1, y1, x2, y2"):
        coco(tmp_path).setup()


def test_fractions_given_as_pixels_are_refused(tmp_path):
    write_coco(tmp_path, [(i % 3, 5, 0.1, 0.2, 0.01 * (i + 10), 0.3) for i in range(12)])
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)], split="val")
    with pytest.raises(ZooError, match="normalised boxes"):
        coco(tmp_path).setup()


@pytest.mark.parametrize("decode", [False, True])
@pytest.mark.parametrize(("width", "height"), [(60, 40), (40, 60)])
def test_boxes_of_a_picture_that_exif_turns_are_those_of_the_upright_one(tmp_path, width, height, decode):
    write_voc(tmp_path, [(name, "cell", 5, 5, 9, 9) for name in "abc"])
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.new("RGB", (60, 40), (9, 8, 7)).save(tmp_path / "JPEGImages" / "a.png", exif=exif)  # seen as 40×60
    xml = tmp_path / "Annotations" / "a.xml"
    size = f"<width>{width}</width><height>{height}</height>"
    xml.write_text(xml.read_text().replace("<width>60</width><height>40</height>", size))
    train = voc(tmp_path).annotations(decode=decode)["train"]
    upright = (width, height) == (40, 60)
    told = (
        "a.png: turned image: EXIF turns the pixels; the boxes are taken as drawn on the upright picture"
        if upright
        else "a.png: wrong image size: 40×60 pixels once EXIF has turned it, annotated as 60×40"
    )
    assert told in map(str, train.problems)
    assert len(train.records) == upright


def test_a_picture_that_exif_turns_gives_a_yolo_label_its_upright_sides(tmp_path):
    write_yolo(tmp_path, {"train0": "0 0.5 0.5 0.5 0.5"}, pictures=1)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.new("RGB", (60, 40)).save(tmp_path / "images" / "train" / "train0.png", exif=exif)
    (record,) = yolo(tmp_path, val=None).annotations(decode=False)["train"].records
    assert record.boxes.tolist() == [[10, 15, 30, 45]]


def test_a_picture_in_two_splits_stays_in_the_later(tmp_path):
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)])
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)], split="val")
    (tmp_path / "val" / "val0.png").write_bytes((tmp_path / "train" / "train1.png").read_bytes())
    (problem,) = only(coco(tmp_path).annotations(decode=False), "image in two splits")
    assert problem.file == "train1.png"
    assert problem.message == "train and val (val0.png)"
    data = coco(tmp_path)
    assert len(data.split("train")) == 2
    assert len(data.split("val")) == 3


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"val": "val", "test": "val"}, r"`data.val` \(=val\) is named twice; a val or test of null shares the other"),
        ({"val": "train", "test": None}, r"`data.train` \(=train\) is named twice"),
        ({"train": None}, r"`data.train` \(=null\) must name the training split"),
        ({"val": "copy", "test": "val"}, "no images: the val split has none"),
    ],
)
def test_splits_that_would_leave_another_empty_are_refused(tmp_path, names, message):
    write_yolo(tmp_path, {"train0": "0 0.5 0.5 0.2 0.5"})
    write_yolo(tmp_path, {}, split="val")
    for part in ("images", "labels"):
        copytree(tmp_path / part / "val", tmp_path / part / "copy")
    with pytest.raises(ZooError, match=message):
        yolo(tmp_path, **names).setup()


def test_classes_missing_from_a_split_and_pictures_that_are_broken_or_of_another_size(tmp_path):
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9)])
    write_coco(tmp_path, [(0, 5, 1, 1, 9, 9), (0, 7, 1, 1, 9, 9)], split="val")
    paint(tmp_path / "train" / "train1.png", 33, size=(50, 40))
    (tmp_path / "train" / "train2.png").write_bytes(b"no picture")
    annotations = coco(tmp_path).annotations(decode=True)
    assert only(annotations, "class missing")[0].message == "no object of dog"
    assert only(annotations, "wrong image size")[0].message == "50×40 pixels, annotated as 60×40"
    assert only(annotations, "unreadable image")[0].file == "train2.png"
    assert len(coco(tmp_path).split("train")) == 1


def test_missing_folders_files_and_pictures(tmp_path, good):
    with pytest.raises(ZooError, match="nowhere does not exist"):
        coco(tmp_path / "nowhere")
    with pytest.raises(ZooError, match=r"other.json does not exist"):
        coco(good, val="annotations/other.json").setup()
    for images in ("elsewhere", "{splt}", "{}", "a{"):
        with pytest.raises(ZooError, match=re.escape(f"{images} of data.images={images} does not exist")):
            coco(good, images=images).setup()
    (good / "annotations" / "val.json").write_text("[]")
    with pytest.raises(ZooError, match="is no COCO file"):
        coco(good).setup()
    (good / "annotations" / "val.json").write_text("{")
    with pytest.raises(ZooError, match="is no JSON"):
        coco(good).setup()


@pytest.mark.parametrize(
    ("place", "changes", "message"),
    [
        ("images", {"width": None}, "images[1] has the width None"),
        ("images", {"height": 0}, "images[1] has the height 0"),
        ("images", {"width": float("nan")}, "images[1] has the width nan"),
        ("images", {"id": ...}, "images[1] has no id"),
        ("images", {"file_name": ...}, "images[1] has no file_name"),
        ("images", None, "images[1] is no object but None"),
        ("categories", {"name": ...}, "categories[1] has no name"),
        ("categories", {"id": ...}, "categories[1] has no id"),
        ("annotations", "text", "annotations[1] is no object but 'text'"),
        ("annotations", {"image_id": [1]}, "annotations[1] has the image_id [1]"),
        ("annotations", {"category_id": ...}, "annotations[1] has no category_id"),
    ],
)
def test_a_broken_entry_of_a_coco_file_is_told_and_left_out(good, place, changes, message):
    file = good / "annotations" / "train.json"
    content = json.loads(file.read_text())
    entry = content[place][1] | changes if isinstance(changes, dict) else changes
    content[place][1] = {k: v for k, v in entry.items() if v is not ...} if isinstance(entry, dict) else entry
    file.write_text(json.dumps(content))
    data = coco(good)
    problems = only(data.annotations(decode=False), "broken annotation")
    assert [(problem.file, problem.message) for problem in problems] == [("train.json", message)]
    assert len(data.split("train")) == (2 if place == "images" else 3)


def test_category_ids_of_two_types_are_put_in_order(good):
    file = good / "annotations" / "train.json"
    file.write_text(file.read_text().replace('"id": 7, "name"', '"id": "7", "name"'))
    annotations = coco(good).annotations(decode=False)["train"]
    assert annotations.class_names == ["cat", "dog"]
    assert [p.message for p in annotations.problems if p.kind == "unknown class"] == [
        "annotation 1 of train0.png has the category id 7"
    ]


@pytest.mark.parametrize(
    ("boxes", "classes", "message"),
    [
        ([(0, 5, 1, 1, 9, 9), (0, 7, 1, 1, 9, 9)], ("cat", "cat"), "train: duplicate class: several .* called 'cat'"),
        ([], (), "train: no classes: there is no class to detect"),
        ([], ("cat",), "train: no boxes: no picture has an object to learn from"),
        ([(0, 5, 1, 1, 9, 9, {"iscrowd": 1})], ("cat",), "train: no boxes"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(tmp_path, boxes, classes, message):
    write_coco(tmp_path, boxes, classes=classes)
    write_coco(tmp_path, [], classes=classes, split="val")
    with pytest.raises(ZooError, match=message):
        coco(tmp_path).setup()


def test_without_validation_and_test_some_training_pictures_are_kept(tmp_path):
    write_coco(tmp_path, [(i, 5, 1, 1, 9, 9) for i in range(20)], pictures=20)
    data = coco(tmp_path, val=None)
    paths = [{r.path for r in data.split(split).records} for split in ("train", "val", "test")]
    assert [len(p) for p in paths] == [16, 2, 2]
    assert not paths[0] & paths[1] | paths[0] & paths[2] | paths[1] & paths[2]


def test_a_small_set_is_repeated_within_an_epoch(good):
    sampler = coco(good, least_epoch=10).sampler("train")
    shown = torch.cat(list(sampler)).tolist()
    assert len(sampler) == 3
    assert set(shown) == {0, 1, 2}


def write_voc(root, boxes, names=("a", "b", "c")):
    (root / "ImageSets" / "Main").mkdir(parents=True)
    (root / "Annotations").mkdir()
    for i, name in enumerate(names):
        paint(root / "JPEGImages" / f"{name}.png", 40 * i)
        things = "".join(
            f"<object><name>{kind}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
            "</bndbox></object>"
            for picture, kind, x1, y1, x2, y2 in boxes
            if picture == name
        )
        size = "<size><width>60</width><height>40</height><depth>3</depth></size>"
        (root / "Annotations" / f"{name}.xml").write_text(f"<annotation>{size}{things}</annotation>")
    for split, part in (("train", names[:1]), ("val", names[1:2]), ("test", names[2:])):
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text("\n".join(part))


def voc(root, **changes):
    return Voc(**({"root": str(root), "train": "train", "val": "val", "test": "test"} | COMMON | changes))


def test_voc_counts_from_one(tmp_path):
    write_voc(tmp_path, [("a", "cell", 1, 1, 60, 40), ("b", "cell", 5, 5, 9, 9), ("c", "blob", 5, 5, 9, 9)])
    data = voc(tmp_path)
    assert data.annotations(decode=True)["train"].records[0].boxes.tolist() == [[0, 0, 60, 40]]
    assert data.facts()["num_classes"] == 2
    assert list(data.class_names) == ["blob", "cell"]


@pytest.mark.parametrize(
    ("names", "text", "found"),
    [
        (["0", "1", "-1"], "0\n1\n-1\n", ["0", "1", "-1"]),
        (["a b", "c"], "a b\n\nc  1\n", ["a b", "c"]),
        (["a b", "a 1"], "a b -1\na 1\n", ["a b", "a 1"]),
        (["a", "b"], "a\nb\na\n", ["a", "b"]),
        (["a"], "\ufeffa\n", ["a"]),
    ],
)
def test_a_voc_list_names_a_picture_a_line(tmp_path, names, text, found):
    write_voc(tmp_path, [], names=names)
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_text(text, encoding="utf-8")
    train = voc(tmp_path, val=None, test=None).annotations(decode=False)["train"]
    assert [record.path.stem for record in train.records] == found
    assert not only({"train": train}, "missing image")


def test_voc_problems(tmp_path):
    write_voc(tmp_path, [("a", "cell", 5, 5, 5, 5), ("a", "cell", "x", 5, 9, 9), ("b", "cell", 1, 1, 9, 9)])
    (tmp_path / "ImageSets" / "Main" / "val.txt").write_text("b\nlost")
    (tmp_path / "Annotations" / "c.xml").write_text("<annotation>")
    annotations = voc(tmp_path).annotations(decode=True)
    kinds = {split: [p.kind for p in found.problems] for split, found in annotations.items()}
    assert kinds["train"][:2] == ["empty box", "not a number"]
    assert kinds["val"] == ["missing image"]
    assert kinds["test"][0] == "broken annotation"
    xml = (tmp_path / "Annotations" / "b.xml").read_text()
    for text, message in (
        (xml.replace("60<", "sixty<"), "the size sixty × 40 is no width and height"),
        (f"<?xml version='1.0' encoding='klingon'?>{xml}", "no XML: "),
    ):
        (tmp_path / "Annotations" / "b.xml").write_text(text)
        (problem, _) = voc(tmp_path).annotations(decode=False)["val"].problems[:2]
        assert problem.kind == "broken annotation"
        assert message in problem.message
    with pytest.raises(ZooError, match="a VOC folder has JPEGImages, Annotations and ImageSets/Main"):
        voc(tmp_path, train="other").setup()


def write_yolo(root, lines, *, split="train", pictures=2, names="cat\ndog\n"):
    for i in range(pictures):
        paint(root / "images" / split / f"{split}{i}.png", 20 * i + (100 if split == "val" else 0))
    (root / "labels" / split).mkdir(parents=True)
    for name, text in lines.items():
        (root / "labels" / split / f"{name}.txt").write_text(text)
    (root / "classes.txt").write_text(names)


def yolo(root, **changes):
    return YoloTxt(**({"root": str(root), "train": "train", "val": "val", "test": None} | COMMON | changes))


def test_yolo_lines_are_fractions_of_the_picture(tmp_path):
    write_yolo(tmp_path, {"train0": "1 0.5 0.5 0.2 0.5\n0 0.25 0.5 0.5 1\n"})
    write_yolo(tmp_path, {"val0": "0 0.5 0.5 0.2 0.5"}, split="val")
    records = yolo(tmp_path).annotations(decode=True)["train"].records
    torch.testing.assert_close(records[0].boxes, torch.tensor([[24.0, 10.0, 36.0, 30.0], [0.0, 0.0, 30.0, 40.0]]))
    assert records[0].labels.tolist() == [1, 0]
    assert len(records[1].labels) == 0


def test_yolo_problems(tmp_path):
    write_yolo(tmp_path, {"train0": "7 0.5 0.5 0.2 0.5\n0 0.5 0.5\n0 a b c d\n", "lost": "0 0.5 0.5 0.2 0.5"})
    write_yolo(tmp_path, {"val0": "0 30 20 12 20"}, split="val")
    annotations = yolo(tmp_path).annotations(decode=True)
    kinds = [p.kind for p in annotations["train"].problems]
    assert sorted(kinds)[:4] == ["broken annotation", "broken annotation", "class missing", "class missing"]
    assert "unknown class" in kinds
    assert "missing image" in kinds
    with pytest.raises(ZooError, match=r"val0.txt: pixel boxes: line 1 .* values in pixels, where 0 to 1 is meant"):
        yolo(tmp_path).setup()
    (tmp_path / "classes.txt").unlink()
    with pytest.raises(ZooError, match="has no class names"):
        yolo(tmp_path).setup()


def test_a_split_may_be_called_by_a_number(tmp_path):
    write_yolo(tmp_path, {"20120": "0 0.5 0.5 0.2 0.5"}, split="2012")
    assert len(yolo(tmp_path, train=2012, val=None).annotations(decode=False)["train"].records) == 2


def test_class_names_of_a_data_yaml(tmp_path):
    write_yolo(tmp_path, {"train0": "1 0.5 0.5 0.2 0.5"})
    write_yolo(tmp_path, {}, split="val")
    (tmp_path / "classes.txt").unlink()
    (tmp_path / "data.yaml").write_text("names: {0: ant, 1: bee}\n")
    data = yolo(tmp_path)
    data.setup()
    assert data.class_names == ["ant", "bee"]


@pytest.mark.parametrize(
    ("file", "text", "names"),
    [
        ("classes.txt", "\ufeffant\nbee\n\n", ["ant", "bee"]),
        ("data.yaml", "\ufeffnames: [ant, bee]", ["ant", "bee"]),
        ("data.yaml", "names: {1: bee, 0: ant}", ["ant", "bee"]),
        ("data.yaml", "names:\n" + "".join(f"  '{i}': c{i}\n" for i in range(11)), [f"c{i}" for i in range(11)]),
    ],
)
def test_class_names_by_their_ids(tmp_path, file, text, names):
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert yolo_classes(tmp_path) == names


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("classes.txt", b"ant\n\nbee\n", "classes.txt: line 2 is empty, where line n names class n - 1"),
        ("classes.txt", b"\nant\n", "classes.txt: line 1 is empty"),
        ("classes.txt", "caf\xe9".encode("latin-1"), r"classes.txt is no text in UTF-8 \(.* at byte 3\)"),
        ("data.yaml", "names: [ant]".encode("utf-16"), "data.yaml is no text in UTF-8"),
        ("data.yaml", b"names: [ant", "data.yaml is no YAML: while parsing a flow sequence"),
        ("data.yaml", b"names: {0: ant, 2: bee, 5: cow}", r"`names` \(=0, 2, 5\) must be 0 to 2, each once"),
        ("data.yaml", b"names: {0: ant, bee: 1}", r"`names` \(=0, bee\) must be 0 to 1, each once"),
        ("data.yaml", b"names: {0: ant, '0': bee}", r"`names` \(=0, 0\) must be 0 to 1, each once"),
    ],
)
def test_class_names_that_leave_the_ids_open_are_refused(tmp_path, file, text, message):
    (tmp_path / file).write_bytes(text)
    with pytest.raises(ZooError, match=message):
        yolo_classes(tmp_path)


def test_a_label_file_may_start_with_a_mark_but_must_be_text(tmp_path):
    write_yolo(tmp_path, {"train0": "\ufeff1 0.5 0.5 0.2 0.5", "train1": ""})
    (tmp_path / "labels" / "train" / "train1.txt").write_text("0 0.5 0.5 0.2 0.5", encoding="utf-16")
    annotations = yolo(tmp_path, val=None).annotations(decode=False)
    assert [record.labels.tolist() for record in annotations["train"].records] == [[1]]
    (problem,) = only(annotations, "broken annotation")
    assert problem.file == "train1.txt"
    assert "is no text in UTF-8" in problem.message


@pytest.mark.parametrize("kind", ["voc", "yolo"])
def test_of_pictures_with_the_same_annotations_one_is_used_and_the_other_told(tmp_path, kind):
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


@pytest.mark.data
@pytest.mark.skipif(not BCCD.is_dir(), reason="the blood cells are not here")
def test_blood_cells_as_published():
    annotations = voc(BCCD).annotations(decode=False)
    assert [len(annotations[split].records) for split in ("train", "val", "test")] == [205, 87, 72]
    boxes = torch.cat([record.labels for split in annotations.values() for record in split.records])
    assert boxes.bincount().tolist() == [361, 4153, 372]  # Platelets, RBC less two of zero area, WBC
    assert sorted(p.file for split in annotations.values() for p in split.problems) == [
        "BloodImage_00338.xml",
        "BloodImage_00343.xml",
    ]
