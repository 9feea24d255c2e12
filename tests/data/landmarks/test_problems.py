"""Problems of points that one row does not show."""

import pytest
import torch
from PIL import Image
from point_sets import GOOD, HEADER, kinds, moved, paint, points, write_csv

from zoo.errors import ZooError

ROWS = [(*row, "", {0: "val", 1: "test"}.get(row[0], "train")) for row in GOOD]


@pytest.mark.parametrize(
    ("values", "kind"),
    [([0.1, 0.2, 0.4, 0.25, 0.3, 0.9], "normalized points"), ([10, 50, 12, 55, 30, 45], "swapped axes")],
)
def test_coordinates_of_another_kind_are_refused_as_a_whole(tmp_path, values, kind):
    write_csv(tmp_path, [(i, *values[:-1], values[-1] + i / 100) for i in range(8)])
    with pytest.raises(ZooError, match=kind):
        points(tmp_path).setup()
    if kind == "normalized points":
        data = points(tmp_path, coordinates="fractions")
        torch.testing.assert_close(data.dataset("train").samples[0].points[0], torch.tensor([6.0, 8.0]))


def test_pixels_are_no_fractions(tmp_path):
    write_csv(tmp_path, GOOD)
    message = "pixels as fractions: points of 8 of 8 objects are beyond 1.5: data.coordinates=pixels takes them"
    with pytest.raises(ZooError, match=message):
        points(tmp_path, coordinates="fractions").setup()
    assert list(kinds(points(tmp_path, coordinates="fractions"))) == ["pixels as fractions"]


def test_a_box_far_larger_than_its_image_is_no_box(tmp_path):
    header = "path,a_x,a_y,b_x,b_y,box_x1,box_y1,box_x2,box_y2"
    write_csv(tmp_path, [(i, 20, 15 + i, 30 + i, 20, -5, 10, 40 if i else 1e30, 30) for i in range(8)], header)
    assert kinds(points(tmp_path))["bad box"] == "row 2: the box (-5.0, 10.0, 1e+30, 30.0) in an image of 60×40"


def test_a_copied_image_is_reported(tmp_path):
    write_csv(tmp_path, ROWS, HEADER)
    paint(tmp_path / "7.png", 30 * 4)
    assert kinds(points(tmp_path)) == {"copied image": "the same bytes as 4.png"}
    assert len(points(tmp_path).dataset("train")) == 6


def test_a_turned_image_is_read_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    write_csv(tmp_path, ROWS, HEADER)
    upright = Image.new("RGB", (60, 40), "red")
    upright.paste("white", (18, 8, 23, 13))  # around the first point of SHAPE
    upright.save(tmp_path / "2.png")
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "3.png", exif=exif)
    images, target = points(tmp_path).dataset("train")[torch.tensor([0, 1])]
    assert torch.equal(images[0], images[1])
    x, y = ((target["points"][1, 0] - torch.tensor([1, 1]) / 60) * 64).int().tolist()  # row 3 is moved by (3, 3)
    assert images[1, :, y, x].tolist() == pytest.approx([255] * 3, abs=25)


def test_constant_points_and_exchanged_sides_are_reported(tmp_path):
    rows = [(i, *moved(i, step=2)) for i in range(8)]
    rows[2] = (2, *rows[2][3:5], *rows[2][1:3], *rows[2][5:])
    write_csv(tmp_path, [(*row[:5], 30, 30) for row in rows])
    found = kinds(points(tmp_path, val_fraction=0.125, test_fraction=0.125))
    assert found["constant point"].startswith("the point `chin` is at (30, 30) in all")
    splits, _ = points(tmp_path, val_fraction=0.125, test_fraction=0.125).read(decode=False)
    swapped = [p.file for part in splits.values() for p in part.problems if p.kind == "left and right swapped"]
    assert swapped == ["2.png"]  # in any split
