import csv
import json

import pytest
import torch
from PIL import Image

from zoo.data.landmarks.csv_points import read_csv
from zoo.errors import ZooError
from zoo.losses.landmarks import LandmarkLoss
from zoo.tasks.landmarks import Landmarks
from zoo.tasks.landmarks.predict import predict


class Square(torch.nn.Module):
    """Answers for each image: something with the redness of its first pixel, at two fixed points, of class 1."""

    def forward(self, images):
        presence = torch.where(images[:, :1, 0, 0] > 0.5, 3.0, -3.0)
        rest = torch.tensor([[0.5, 0.5, 0.25, 0.75, 0.0, 4.0]]).repeat(len(images), 1)
        return torch.cat([presence, rest], 1)


@pytest.fixture
def task():
    loss = LandmarkLoss(presence_weight=1.0, point_weight=1.0, classification_weight=1.0)
    model = Landmarks(network=Square(), loss=loss, num_points=2, num_classes=2)
    model.card = {"preprocessing": {"size": 32, "channels": 3, "resize": "letterbox"}, "class_names": ["cat", "dog"]}
    return model


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (64, 64), "red").save(folder / "a.png")
    Image.new("RGB", (64, 64), "black").save(folder / "b.png")
    (folder / "c.png").write_bytes(b"no image")
    return folder


def test_points_come_back_in_pixels_of_the_image(task, photos):
    seen, empty, broken = predict(task, photos)
    assert seen.points == ((32.0, 32.0), (16.0, 48.0))
    assert seen.label == "dog"
    assert seen.presence == pytest.approx(torch.tensor(3.0).sigmoid().item())
    assert empty.points == ()
    assert empty.label is None
    assert broken.presence is None
    assert broken.error is not None


def test_points_of_a_wide_image_are_not_those_of_its_frame(task, tmp_path):
    Image.new("RGB", (64, 32), "red").save(tmp_path / "wide.png")
    task.network.forward = lambda images: torch.tensor([[3.0, 0.5, 0.5, 0.0, 0.25, 0.0, 4.0]])
    (found,) = predict(task, tmp_path / "wide.png")
    assert found.points == ((32.0, 16.0), (0.0, 0.0))  # 8 of 32 rows are padding above


def test_results_do_not_depend_on_the_size_of_a_batch(task, photos):
    Image.new("RGB", (64, 32), "red").save(photos / "d.png")
    one = predict(task, photos, batch_size=1)
    assert [result.path.name for result in one] == ["a.png", "b.png", "c.png", "d.png"]
    assert predict(task, photos, batch_size=3) == one
    with pytest.raises(ZooError, match=r"`batch_size` \(=0\) must be at least 1"):
        predict(task, photos, batch_size=0)


def test_files_hold_every_image(task, photos, tmp_path):
    predict(task, photos, tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "predictions.csv").read_text().splitlines()))
    assert [row["label"] for row in rows] == ["dog", "", ""]
    assert (rows[0]["x1"], rows[0]["y2"], rows[1]["x1"]) == ("32.00", "48.00", "")
    assert rows[2]["error"]
    (entry,) = json.loads((tmp_path / "out" / "predictions.json").read_text())  # COCO's keypoint results
    assert entry["keypoints"] == [32.0, 32.0, 1, 16.0, 48.0, 1]
    assert (entry["category_id"], entry["category"]) == (1, "dog")
    assert entry["score"] == pytest.approx(float(torch.tensor(3.0).sigmoid() * torch.tensor([0.0, 4.0]).softmax(0)[1]))
    drawn = Image.open(tmp_path / "out" / "images" / "a.png")
    plain = Image.open(tmp_path / "out" / "images" / "b.png")
    assert len(drawn.getcolors()) > 1
    assert len(plain.getcolors()) == 1
    assert not (tmp_path / "out" / "images" / "c.png").exists()


def test_boxes_give_a_prediction_each_in_the_form_of_coco(task, photos, tmp_path):
    Image.new("RGB", (100, 50), "red").save(photos / "two.png")
    task.card |= {"margin": 0.5, "skeleton": [[0, 1], [0, 9]], "point_names": ["eye", "ear"]}
    entry = {"image_id": 7, "category_id": 4, "iscrowd": 0}
    annotations = [entry | {"id": i, "bbox": box} for i, box in enumerate([[10, 10, 20, 10], [60, 20, 10, 10]])]
    categories = [{"id": 4, "name": "dog"}, {"id": 2, "name": "cat"}]
    images = [{"id": 7, "file_name": "two.png"}]
    (tmp_path / "boxes.json").write_text(
        json.dumps({"images": images, "annotations": annotations, "categories": categories})
    )
    first, second = predict(task, photos, tmp_path / "out", boxes=str(tmp_path / "boxes.json"))
    assert first.points == ((20.0, 15.0), (10.0, 25.0))  # the square from (0, -5) of side 40
    assert second.points == ((65.0, 25.0), (60.0, 30.0))
    rows = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert [(row["image_id"], row["category_id"]) for row in rows] == [(7, 4), (7, 4)]
    assert sorted(path.name for path in (tmp_path / "out" / "images").iterdir()) == ["two.png", "two_2.png"]
    (tmp_path / "boxes.csv").write_text("path,x1,y1,x2,y2\ntwo.png,10,10,30,20\n")
    (again,) = predict(task, photos, boxes=str(tmp_path / "boxes.csv"))
    assert again.points == first.points
    (tmp_path / "boxes.csv").write_text("path,x1,y1,x2,y2\ntwo.png,10,ten,30,20\n")
    with pytest.raises(ZooError, match=r"boxes.csv: row 2 has no box of four numbers"):
        predict(task, photos, boxes=str(tmp_path / "boxes.csv"))
    (tmp_path / "boxes.csv").write_text("path,x1,y1,x2,y2\nother.png,10,10,30,20\n")
    with pytest.raises(ZooError, match="has no box in an image below"):
        predict(task, photos, boxes=str(tmp_path / "boxes.csv"))


def test_boxes_that_cannot_be_used_are_told(task, photos, tmp_path, capsys):
    file = tmp_path / "boxes.csv"
    file.write_text(
        "path,x1,y1,x2,y2\na.png,10,10,30,20\nnone.png,1,1,2,2\na.png,5000,1,5010,9\na.png,-1e308,0,1e308,1\n"
    )
    found = predict(task, photos, boxes=str(file))
    assert [result.error for result in found] == [
        None,
        "the box (5000.0, 1.0, 5010.0, 9.0) is outside the image of 64×64",
        f"the box {(-1e308, 0.0, 1e308, 1.0)} is outside the image of 64×64",
    ]
    assert "boxes.csv: left out 1 boxes of images that do not exist, e.g. none.png" in capsys.readouterr().out
    file.write_text("path,x1,y1,x2,y2\na.png,30,10,10,20\n")
    with pytest.raises(ZooError, match=r"row 2 has the box \(30.0, 10.0, .*; x1 < x2 and y1 < y2 are expected"):
        predict(task, photos, boxes=str(file))
    entry = {"image_id": 1, "category_id": 1}
    content = {"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 1, "name": "dog"}]}
    flawed = [
        entry | {"id": 1, "bbox": [1, 2, 3]},
        {"id": 2, "bbox": [1, 1, 2, 2]},
        entry | {"id": 3, "bbox": [1, 2, 9, 9]},
    ]
    (tmp_path / "boxes.json").write_text(json.dumps(content | {"annotations": flawed}))
    assert len(predict(task, photos, boxes=str(tmp_path / "boxes.json"))) == 1
    assert "boxes.json: left out 2 annotations that cannot be read" in capsys.readouterr().out


def test_predictions_of_boxes_are_boxes_and_points_of_a_data_set(task, photos, tmp_path):
    task.card |= {"point_names": ["eye", "ear"]}
    (tmp_path / "boxes.csv").write_text("path,x1,y1,x2,y2\na.png,10,10,30,20\na.png,30,30,60,60\n")
    found = predict(task, photos, tmp_path / "out", boxes=str(tmp_path / "boxes.csv"))
    again = predict(task, photos, boxes=str(tmp_path / "out" / "predictions.csv"))
    assert [result.points for result in again] == [result.points for result in found]
    points = read_csv(tmp_path / "out" / "predictions.csv", photos)
    assert [sample.box for sample in points.samples] == [(10, 10, 30, 20), (30, 30, 60, 60)]
    assert points.names == ("eye", "ear")


def test_a_model_of_boxes_says_that_it_sees_whole_images(task, photos, capsys):
    predict(task, photos / "a.png")
    assert capsys.readouterr().out == ""
    task.card["around_boxes"] = True
    predict(task, photos / "a.png")
    assert "this model was trained on squares around boxes, and sees whole images here" in capsys.readouterr().out


def test_an_edited_card_is_refused(task, photos, tmp_path):
    task.card["point_names"] = ["eye"]
    with pytest.raises(ZooError, match="names 1 points, and its network has 2"):
        predict(task, photos, tmp_path / "out")
    task.card["margin"] = float("nan")
    with pytest.raises(ZooError, match="must be from 0 to 5"):
        predict(task, photos)


def test_a_model_without_images(task, photos):
    task.card = {}
    with pytest.raises(ZooError, match="this model knows no images"):
        predict(task, photos)
