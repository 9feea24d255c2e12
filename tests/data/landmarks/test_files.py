import json

import pytest
import torch
from PIL import Image
from point_sets import GOOD, HEADER, NAMES, kinds, moved, paint, points, write_coco, write_csv

from zoo.errors import ZooError


def test_points_of_a_csv_file_are_fractions_of_the_letterboxed_image(tmp_path, capsys):
    write_csv(tmp_path, [*GOOD[:7], "7.png,-1,-1,30,20,,"])
    data = points(tmp_path)
    counts = {split: len(data.dataset(split)) for split in ("train", "val", "test")}
    assert counts == {"train": 4, "val": 2, "test": 2}
    assert data.metadata()["num_points"] == 3
    assert data.layout.names == NAMES
    assert data.layout.pairs == ((0, 1),)
    seen = {}
    for split in counts:
        dataset = data.dataset(split)
        images, target = dataset[torch.arange(len(dataset))]
        assert images.shape == (counts[split], 3, 64, 64)
        seen |= {
            s.path.name: (p, v)
            for s, p, v in zip(dataset.samples, *(target[n] for n in ("points", "visible")), strict=True)
        }
    places, visible = seen["3.png"]
    torch.testing.assert_close(places, (torch.tensor(moved(3)).view(3, 2) + torch.tensor([0, 10])) / 60)
    assert visible.all()
    assert seen["7.png"][1].tolist() == [False, True, False]
    assert "splits are cut at random in whole groups" in capsys.readouterr().out


def test_groups_and_named_splits_are_kept(tmp_path):
    write_csv(tmp_path, [(*row, f"g{row[0] // 2}", "") for row in GOOD], HEADER)
    data = points(tmp_path)
    groups = {split: {s.group for s in data.dataset(split).samples} for split in ("train", "val", "test")}
    assert sum(map(len, groups.values())) == len(set.union(*groups.values())) == 4
    assert data.layout.pairs is None  # numbered points have no sides
    write_csv(tmp_path, [(*row, "", ["train", "validation", "test"][row[0] % 3]) for row in GOOD], HEADER)
    assert [len(points(tmp_path).dataset(split)) for split in ("train", "val", "test")] == [3, 3, 2]
    write_csv(tmp_path, [(*row, "", "moon") for row in GOOD], HEADER)
    with pytest.raises(ZooError, match="row 2 of 0.png: the split 'moon' is none of train, val, test"):
        points(tmp_path).setup()


def test_a_box_is_cropped_with_a_margin_and_divides_errors(tmp_path):
    header = "path,a_x,a_y,b_x,b_y,box_x1,box_y1,box_x2,box_y2,label"
    write_csv(tmp_path, [(i, 20, 15 + i, 30, 20, 10, 10, 40, 30, "cat" if i % 2 else "dog") for i in range(8)], header)
    target = points(tmp_path).dataset("train").target
    assert set(target["side"].tolist()) == {36.0}  # 30 · 1.2
    assert set(map(tuple, target["origin"].tolist())) == {(7.0, 2.0)}
    torch.testing.assert_close(target["size"], torch.full((4,), (30 * 20) ** 0.5 / 36))
    torch.testing.assert_close(target["points"][:, 1], torch.tensor([[23 / 36, 18 / 36]]).repeat(4, 1))
    data = points(tmp_path, normalize_by=["a", "b"])
    sample, size = data.dataset("train").samples[0], data.dataset("train").target["size"][0]
    assert float(size) == pytest.approx(float((sample.points[0] - sample.points[1]).norm()) / 36)
    assert data.layout.class_names == ("cat", "dog")


@pytest.mark.parametrize(
    ("row", "kind", "message"),
    [
        ("7.png,1,2,3", "other number of points", "row 9: 4 cells, and the first row has 7"),
        ("7.png,nan,2,3,4,5,6", "not a number", "row 9: 'nan' is no number"),
        ("7.png,left,2,3,4,5,6", "not a number", "row 9: 'left' is no number"),
        ("7.png,1,,3,4,5,6", "not a number", "row 9: '' is no number"),
        ("nowhere.png,1,2,3,4,5,6", "missing image", "nowhere.png does not exist"),
        ("6.png,1,2,3,4,5,6", "image twice", "row 9: left out; several objects of an image need boxes around them"),
        ("7.png,1,2,3,4,99,6", "point outside", "row 9: a point is outside the image of 60×40, e.g. (99, 6)"),
        ("7.png,1,2,3,4,5,1e30", "point far outside", "row 9: a point is outside the image of 60×40, e.g. (5, 1e+30)"),
        ("7.png,1,2,3,4,-1e99,6", "point far outside", "row 9: a point is outside the image of 60×40, e.g. (-inf, 6)"),
    ],
)
def test_a_bad_row_is_reported_and_left_out(tmp_path, row, kind, message):
    write_csv(tmp_path, [*GOOD[:7], row])
    data = points(tmp_path)
    assert message in kinds(data)[kind]
    total = sum(len(data.dataset(split)) for split in ("train", "val", "test"))
    assert total == (8 if kind == "point outside" else 7)
    if kind != "point outside":
        with pytest.raises(ZooError, match="data.on_bad_annotation=skip leaves out what is wrong"):
            points(tmp_path, on_bad_annotation="refuse").setup()


def test_an_empty_class_and_a_broken_and_a_turned_image(tmp_path):
    header = "path,a_x,a_y,b_x,b_y,label"
    write_csv(tmp_path, [(i, 5 + i, 6, 7, 8, "cat" if i else "") for i in range(8)], header)
    (tmp_path / "1.png").write_bytes(b"no image")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°: upright it is 40 wide and 60 high
    Image.new("RGB", (60, 40), "red").save(tmp_path / "2.png", exif=exif)
    found = kinds(points(tmp_path))
    assert found["empty class"] == "row 2: the cell of the class is blank; there are cat"
    assert "unreadable image" in found
    assert "upright" in found["turned image"]


def flags(*visibility):
    return [v for (x, y), f in zip(((20, 10), (40, 12), (30, 30)), visibility, strict=True) for v in (x, y, f)]


def test_coco_keypoints(tmp_path, capsys):
    objects = [(0, flags(2, 1, 0), {}), (1, flags(2, 2, 2), {}), (2, flags(2, 2, 2), {"iscrowd": 1})]
    write_coco(tmp_path, "train", [*objects, (3, flags(0, 0, 0), {})])
    write_coco(tmp_path, "val", [(0, flags(2, 2, 2), {})])
    write_coco(tmp_path, "test", [(0, flags(2, 2, 2), {})])
    data = points(tmp_path)
    train = data.dataset("train")
    assert train.target["visible"].tolist() == [[True, True, False], [True, True, True]]
    assert train.target["area"].tolist() == [900, 900]
    assert data.layout.skeleton == ((0, 1), (1, 2))
    assert data.card()["class_names"] == ["face"]
    said = capsys.readouterr().out
    assert "train: 1 crowds are left out" in said
    assert "train: 1 objects without a point are left out" in said


@pytest.mark.parametrize(
    ("keypoints", "kind", "message"),
    [
        (flags(2, 3, 0), "unknown visibility", "3; it is 0 (not labeled), 1 (hidden) or 2 (visible)"),
        ([1, 2, 2], "other number of points", "3 values in `keypoints`, and 3 points need 9 values"),
        ([float("nan"), *flags(2, 2, 2)[1:]], "not a number", "nan in `keypoints`"),
        (["a", *flags(2, 2, 2)[1:]], "not a number", "'a' in `keypoints`"),
    ],
)
def test_bad_keypoints_of_coco(tmp_path, keypoints, kind, message):
    write_coco(tmp_path, "train", [(0, keypoints, {}), (1, flags(2, 2, 2), {})])
    for split in ("val", "test"):
        write_coco(tmp_path, split, [(0, flags(2, 2, 2), {})])
    assert kinds(points(tmp_path))[kind] == f"annotation 0 of train0.png: {message}"


def test_classes_without_a_name_or_without_objects(tmp_path):
    write_coco(tmp_path, "train", [(i, flags(2, 2, 2), {}) for i in range(6)])
    file = tmp_path / "train.json"
    content = json.loads(file.read_text())
    content["categories"].append(content["categories"][0] | {"id": 9, "name": "cat"})
    file.write_text(json.dumps(content))
    assert kinds(points(tmp_path))["class without objects"] == "no object of the class `cat`"
    content["categories"] = [content["categories"][0] | {"name": ""}]
    file.write_text(json.dumps(content))
    with pytest.raises(ZooError, match="no objects: the train split has none .* broken annotation"):
        points(tmp_path).setup()


def test_splits_have_the_same_points(tmp_path):
    write_coco(tmp_path, "train", [(0, flags(2, 2, 2), {})])
    write_coco(tmp_path, "val", [(0, flags(2, 2, 2), {})], names=("left_eye", "right_eye", "nose"))
    with pytest.raises(ZooError, match="val.json has the points left_eye, right_eye, nose, and the training split"):
        points(tmp_path).setup()
    (tmp_path / "train.json").write_text(json.dumps({"images": [], "annotations": [], "categories": []}))
    with pytest.raises(ZooError, match="has no category with `keypoints`, so its annotations are boxes"):
        points(tmp_path).setup()


def test_pts_files(tmp_path):
    for i in range(6):
        paint(tmp_path / f"{i}.png", 40 * i)
        (tmp_path / f"{i}.pts").write_text(f"version: 1\nn_points: 2\n{{\n{i + 1} 5\n20.5 10\n}}\n")
    (tmp_path / "5.pts").write_text("version: 1\nn_points: 3\n{\n1 5\n20.5 10\n}\n")
    (tmp_path / "4.pts").write_text("version: 1\nn_points: 1\n{\n1 5\n}\n")
    data = points(tmp_path)
    samples = [s for split in ("train", "val", "test") for s in data.dataset(split).samples]
    first = next(s for s in samples if s.path.name == "0.png")
    assert first.points.tolist() == [[0.5, 4.5], [20.0, 9.5]]  # the first pixel is 1, and its center 0.5 here
    found = kinds(data)
    assert found["broken annotation"] == "promises 3 points and has 2"
    assert found["other number of points"] == "1 points, and most files have 2"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"flip_pairs": [["left_eye", "nose"]]}, "names `nose`, which is none of: left_eye, right_eye, chin"),
        ({"flip_pairs": [["left_eye", "chin"], ["chin", "right_eye"]]}, "has `chin` in two pairs"),
        ({"flip_pairs": "both"}, "must be auto, null, or a list of pairs of two names"),
        ({"normalize_by": ["left_eye", "nose"]}, "must be box, or two names of: left_eye, right_eye, chin"),
        ({"sigmas": [0.1]}, "must be auto, or a positive number for each of 3 points"),
        ({"val": "other.csv"}, "other.csv of data.val=other.csv does not exist; there are points.csv"),
    ],
)
def test_options_that_do_not_fit(tmp_path, changes, message):
    write_csv(tmp_path, GOOD)
    with pytest.raises(ZooError, match=message):
        points(tmp_path, **changes).setup()


def test_a_side_without_its_partner_is_refused(tmp_path):
    write_csv(tmp_path, GOOD, "path,left_eye_x,left_eye_y,nose_x,nose_y,chin_x,chin_y")
    with pytest.raises(ZooError, match="the point `left_eye` has no partner `right_eye`"):
        points(tmp_path).setup()
    assert points(tmp_path, flip_pairs=None).metadata()["num_points"] == 3
