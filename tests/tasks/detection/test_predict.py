import csv
import json

import pytest
import torch
from PIL import Image

from zoo.errors import ZooError
from zoo.losses.assigners import ShapeRatio
from zoo.losses.yolo import YoloLoss
from zoo.networks.yolo import YOLO, SmallDarknet
from zoo.tasks.detection import Detection
from zoo.tasks.detection.predict import predict


@pytest.fixture
def task():
    torch.manual_seed(0)
    network = YOLO(backbone=SmallDarknet(widths=(4, 8, 8, 8), depths=(0, 0, 0, 0)), width=8, num_classes=2)
    network.train()(torch.rand(8, 3, 64, 64))
    loss = YoloLoss(
        assigner=ShapeRatio(max_ratio=4.0),
        objectness_weight=1.0,
        box_weight=1.0,
        classification_weight=1.0,
        gamma=0.0,
        class_weights=None,
    )
    model = Detection(network=network, loss=loss, min_score=0.0001, iou_threshold=0.5)
    model.operating_point.fill_(0.0003)
    model.card = {"preprocessing": {"size": 64, "channels": 3, "resize": "letterbox"}, "class_names": ["cat", "dog"]}
    return model


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    generator = torch.Generator().manual_seed(0)
    for i, (width, height) in enumerate([(80, 40), (30, 90), (64, 64), (200, 150)]):
        pixels = torch.randint(0, 256, (height, width, 3), dtype=torch.uint8, generator=generator)
        Image.fromarray(pixels.numpy()).save(folder / ("sub" if i == 2 else ".") / ("0.png" if i == 2 else f"{i}.png"))
    (folder / "broken.png").write_bytes(b"no image")
    return folder


def test_a_folder_gives_a_result_for_every_file_and_all_that_is_promised(task, photos, tmp_path):
    results = predict(task, photos, tmp_path / "out")
    assert [r.path.name for r in results] == ["0.png", "1.png", "3.png", "broken.png", "0.png"]
    assert results[3].error is not None
    assert sum(len(r.boxes) for r in results) > 0
    sizes = {"0.png": (80, 40), "1.png": (30, 90), "3.png": (200, 150)}
    for result in results[:3]:
        width, height = sizes[result.path.name]
        for box in result.boxes:
            x1, y1, x2, y2 = box.corners
            assert 0 <= x1 <= x2 <= width
            assert 0 <= y1 <= y2 <= height
            assert box.score >= 0.0003
            assert box.label == ["cat", "dog"][box.category]
    entries = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert len(entries) == sum(len(r.boxes) for r in results)
    assert {entry["image_id"] for entry in entries} == {str(r.path) for r in results if r.boxes}  # two are 0.png
    first = results[0].boxes[0]
    assert entries[0]["bbox"] == pytest.approx(
        [first.corners[0], first.corners[1], first.corners[2] - first.corners[0], first.corners[3] - first.corners[1]]
    )
    with (tmp_path / "out" / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(max(len(r.boxes), 1) for r in results)
    assert sorted(p.name for p in (tmp_path / "out" / "images").iterdir()) == ["0.png", "0_2.png", "1.png", "3.png"]


def test_no_box_is_empty_though_the_letterbox_is_mostly_gray(task, tmp_path):
    Image.new("RGB", (200, 20)).save(tmp_path / "flat.png")
    (result,) = predict(task, tmp_path / "flat.png", min_score=0.0)
    assert len(result.boxes) > 0
    assert all(x1 < x2 and y1 < y2 for x1, y1, x2, y2 in (box.corners for box in result.boxes))


def test_results_do_not_depend_on_the_batch_size(task, photos):
    alone, together = predict(task, photos, batch_size=1), predict(task, photos, batch_size=32)
    assert sum(len(r.boxes) for r in alone) > 10
    assert alone == together


def test_thresholds_given_win(task, photos):
    few = predict(task, photos, min_score=0.5)
    assert sum(len(r.boxes) for r in few) == 0
    loose, strict = (predict(task, photos, min_score=0.0001, iou_threshold=t) for t in (0.9, 0.1))
    assert sum(len(r.boxes) for r in loose) > sum(len(r.boxes) for r in strict)
    with pytest.raises(ZooError, match=r"`min_score` \(=2\) must be between 0 and 1"):
        predict(task, photos, min_score=2)
    with pytest.raises(ZooError, match=r"`iou_threshold` \(=0\) must be above 0 and at most 1"):
        predict(task, photos, iou_threshold=0)
    with pytest.raises(ZooError, match="`batch_size`"):
        predict(task, photos, batch_size=0)


def test_every_image_of_a_video(task, tmp_path):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "film.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(5):
            pixels = torch.full((48, 64, 3), 40 * i, dtype=torch.uint8).numpy()
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    results = predict(task, tmp_path / "film.mp4", tmp_path / "out", batch_size=2)
    assert [r.frame for r in results] == [0, 1, 2, 3, 4]
    assert (tmp_path / "out" / "images" / "film_000004.png").is_file()
    entries = [entry for result in results for entry in result.to_coco()]
    assert {entry["image_id"] for entry in entries} == {f"{tmp_path}/film.mp4#{i}" for i in range(5)}


def test_a_broken_video_is_named(task, tmp_path):
    pytest.importorskip("av")
    (tmp_path / "film.mp4").write_bytes(b"no film at all")
    with pytest.raises(ZooError, match=r"cannot read the video `.*film.mp4`"):
        predict(task, tmp_path / "film.mp4")


def test_a_model_that_was_never_trained_knows_no_images(task, photos):
    task.card = {}
    with pytest.raises(ZooError, match="knows no images"):
        predict(task, photos)
