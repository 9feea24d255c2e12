"""Files that are written in another way than they are read."""

import pytest
import torch
from point_sets import GOOD, HEADER, kinds, moved, paint, points, write_coco, write_csv

from zoo.data.landmarks.pairs import pairs_by_name
from zoo.errors import ZooError

BOXED = "path,a_x,a_y,b_x,b_y,c_x,c_y,box_x1,box_y1,box_x2,box_y2"


def boxed(i, shape=None, box=(15, 5, 50, 38)):
    return (i, *(shape or moved(i)), *box)


def coco(number, x=30, y=20, **more):
    """An object of image `number` whose points are around (x, y)."""
    return number, [x - 5, y - 5, 2, x + 5, y - 5, 2, x, y + 5, 2], {"bbox": [x - 8, y - 8, 16, 16]} | more


def refused(root, message, **changes):
    with pytest.raises(ZooError, match=message):
        points(root, **changes).setup()


def test_exchanged_axes_are_found_by_boxes(tmp_path):
    exchanged = [
        [value for x, y in zip(s[::2], s[1::2], strict=True) for value in (y, x)] for s in map(moved, range(8))
    ]
    write_csv(tmp_path, [boxed(i, exchanged[i]) for i in range(8)], BOXED)
    refused(tmp_path, "swapped axes: 6 of 8 objects fit into their images and boxes only with x and y exchanged")
    write_csv(tmp_path, [boxed(i) for i in range(8)], BOXED)
    assert kinds(points(tmp_path)) == {}


def test_exchanged_axes_that_some_images_show_are_a_remark(tmp_path):
    rows = [(i, *([12, 14, 20, 22, 16, 30] if i < 5 else [10, 50, 12, 55, 30, 45])) for i in range(8)]
    write_csv(tmp_path, [(*row[:-1], row[-1] + row[0] / 100) for row in rows])
    message = "3 objects fit into their images only with x and y exchanged, and none only as written"
    assert kinds(points(tmp_path))["axes may be swapped"] == message


def test_boxes_as_corners_are_refused(tmp_path):
    places = [(38, 26), (20, 14), (40, 26), (36, 25)]
    write_coco(
        tmp_path,
        "train",
        [coco(i, *xy, bbox=[xy[0] - 8, xy[1] - 8, xy[0] + 8, xy[1] + 8]) for i, xy in enumerate(places)],
    )
    refused(tmp_path, r"boxes as corners: 3 of 4 boxes leave .* fit as x1, y1, x2, y2: COCO's `bbox` is x, y, width")
    write_coco(tmp_path, "train", [coco(i, *xy) for i, xy in enumerate(places)])
    assert kinds(points(tmp_path)) == {}


def test_boxes_that_do_not_hold_their_points(tmp_path):
    write_csv(tmp_path, [boxed(i, box=(0, 0, 8, 8)) for i in range(8)], BOXED)
    refused(tmp_path, "boxes elsewhere: the points of 8 of 8 objects lie outside their boxes")
    write_csv(tmp_path, [boxed(i, box=(0, 0, 8, 8) if i == 3 else (15, 5, 50, 38)) for i in range(8)], BOXED)
    assert kinds(points(tmp_path)) == {"points outside box": "row 5: most points are outside the box; left out"}


def test_an_annotation_of_no_image_and_a_broken_box(tmp_path):
    objects = [coco(i) for i in range(4)]
    write_coco(tmp_path, "train", [*objects, coco(77)])
    assert kinds(points(tmp_path)) == {"broken annotation": "annotation 4: there is no image with the id 77"}
    write_coco(tmp_path, "train", [*objects[:3], coco(3, bbox=[1, 2, 3])])
    assert kinds(points(tmp_path))["bad box"].endswith("`bbox` (=[1, 2, 3]) must be x, y, width, height")


def test_an_object_without_a_box_beside_one_with_a_box_and_one_given_twice(tmp_path):
    objects = [coco(i) for i in range(4)]
    write_coco(tmp_path, "train", [*objects, coco(3, x=34, bbox=None)])
    assert kinds(points(tmp_path))["image twice"].endswith("several objects of an image need boxes around them")
    write_coco(tmp_path, "train", [*objects, coco(3)])
    assert kinds(points(tmp_path))["object twice"].endswith("the same image, box and points as another")


def test_lines_of_a_skeleton_that_name_no_points_are_told(tmp_path, capsys):
    write_coco(tmp_path, "train", [coco(i) for i in range(4)])
    file = tmp_path / "train.json"
    file.write_text(file.read_text().replace("[[1, 2], [2, 3]]", "[[0, 1], [1, 2]]"))
    data = points(tmp_path)
    data.setup()
    assert data.layout.skeleton == ((0, 1),)
    assert "1 lines of the skeleton, e.g. [0, 1], name no two points counted from 1" in capsys.readouterr().out


def test_a_group_in_two_splits_is_a_leak(tmp_path):
    write_csv(
        tmp_path, [(*row, "g1" if row[0] < 2 else "", ["train", "val", "test"][row[0] % 3]) for row in GOOD], HEADER
    )
    data = points(tmp_path)
    assert kinds(data) == {"group in two splits": "the group 'g1' is in train and val"}
    assert [len(data.dataset(split)) for split in ("train", "val", "test")] == [2, 3, 2]
    refused(tmp_path, "group in two splits", on_bad_annotation="refuse")


def test_half_of_a_hidden_point_and_other_separators(tmp_path):
    write_csv(tmp_path, [*GOOD[:7], "7.png,-1,12,30,20,9,9"])
    assert "-1 in one cell alone: -1, 12" in kinds(points(tmp_path))["not a number"]
    file = tmp_path / "points.csv"
    file.write_text(file.read_text().replace(",", ";"))
    refused(tmp_path, "separates its columns by semicolons: save it with commas")


def test_most_files_tell_the_number_of_points(tmp_path):
    for i in range(6):
        paint(tmp_path / f"{i}.png", 40 * i)
        (tmp_path / f"{i}.pts").write_text("{\n5 5\n20 10\n}" if i else "{\n5 5\n}")
    (tmp_path / "5.pts").write_bytes(b"{\n5 5\n20 \xff\n}")
    found = kinds(points(tmp_path))
    assert found["other number of points"] == "1 points, and most files have 2"
    assert "UTF-8" in found["broken annotation"]


def test_too_few_images_are_explained_by_the_problems(tmp_path):
    write_csv(tmp_path, [GOOD[0], *(f"{i}.png,x,1,2,3,4,5" for i in range(1, 8))])
    refused(tmp_path, "1 images or groups are too few to keep some for val and test: 7 × not a number, e.g. ")


def test_normalizing_by_unknown_points_is_refused_by_the_check(tmp_path):
    write_csv(tmp_path, GOOD)
    with pytest.raises(ZooError, match="`data.normalize_by`"):
        points(tmp_path, normalize_by=["left_eye", "xx"]).check(tmp_path)


def test_two_images_with_one_id_are_left_out(tmp_path):
    write_coco(tmp_path, "train", [coco(i) for i in range(4)])
    file = tmp_path / "train.json"
    file.write_text(file.read_text().replace('{"id": 3, "file_name"', '{"id": 2, "file_name"'))
    refused(tmp_path, "duplicate id, e.g. train.json: left out train2.png, train3.png: their id is 2")


FACE = '"name": "%s", "keypoints": ["left_eye", "right_eye", "chin"]}, {"id": 3'


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"left_eye", "right_eye"', '"left_eye", "left_eye"', "two points called `left_eye`"),
        ('{"id": 3', '{"id": 3, ' + FACE % "b", "two categories with the id 3"),
        ('{"id": 3', '{"id": 1, ' + FACE % "face", "two categories with the name face"),
    ],
)
def test_names_and_ids_twice(tmp_path, before, after, message):
    write_coco(tmp_path, "train", [coco(i) for i in range(4)])
    file = tmp_path / "train.json"
    assert before in file.read_text()
    head, _, categories = file.read_text().rpartition('"categories"')
    file.write_text(f'{head}"categories"{categories.replace(before, after)}')
    refused(tmp_path, message)


def test_points_at_one_place_give_no_size(tmp_path, capsys):
    write_csv(
        tmp_path, [(i, *moved(i)[:2], *(moved(i)[:2] if i == 2 else moved(i)[2:4]), *moved(i)[4:]) for i in range(8)]
    )
    data = points(tmp_path, normalize_by=["left_eye", "right_eye"], val_fraction=0.13, test_fraction=0.13)
    data.setup()
    sizes = torch.cat([data.dataset(split).target["size"] for split in ("train", "val", "test")])
    assert sizes.min() > 0.15
    assert "1 of 6 objects lack a point of data.normalize_by, or have both at one place" in capsys.readouterr().out


def test_presence_that_is_not_learned_is_told(tmp_path, capsys):
    write_csv(tmp_path, GOOD)
    points(tmp_path).setup()
    assert "every training image shows an object: presence is not learned" in capsys.readouterr().out
    write_csv(tmp_path, [*GOOD, *(f"{i}.png,,,,,," for i in range(8, 16))], images=16)
    points(tmp_path).setup()
    assert "presence is not learned" not in capsys.readouterr().out


def test_names_with_two_sides_exchange_both():
    corners = ["LeftEyeLeftCorner", "LeftEyeRightCorner", "RightEyeLeftCorner", "RightEyeRightCorner"]
    assert pairs_by_name([*corners, "bright", "leftear", "rightear"]) == ((0, 3), (1, 2), (5, 6))
    with pytest.raises(ZooError, match="`left_eye` has no partner `right_eye`"):
        pairs_by_name(["left_eye", "nose"])
