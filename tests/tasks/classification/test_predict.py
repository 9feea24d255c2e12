import csv
import json

import pytest
import torch
from PIL import Image
from torch import nn

import zoo
from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError
from zoo.prediction import contact_sheet
from zoo.prediction.contact_sheet import SIDE, Caption, write_contact_sheet
from zoo.prediction.images import image_files
from zoo.tasks.classification import Classification
from zoo.tasks.classification.predict import ClassPrediction, predict

PREPROCESSING = Preprocessing(size=6, channels=3, mean=(0.5,) * 3, std=(0.2,) * 3, resize="crop")
NAMES = ["amber", "blue, “dark”", "c\nd", "e", "f", "g", "h"]


@pytest.fixture
def task():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(128, 7))
    model = Classification(network=network, loss=nn.CrossEntropyLoss(), num_classes=7)
    model.card = {"preprocessing": PREPROCESSING.to_dict(), "class_names": NAMES}
    return model


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    pixels = torch.randint(0, 256, (9, 6, 6, 3), dtype=torch.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image.numpy()).save(folder / ("more" if number > 5 else ".") / f"{number}.png")
    (folder / "3.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no image")
    return folder, pixels.permute(0, 3, 1, 2)


@pytest.mark.parametrize("batch_size", [1, 2, 4, 100])
def test_probabilities_are_those_of_the_test_loop_in_order(task, photos, batch_size):
    folder, pixels = photos
    results = predict(task, folder, batch_size=batch_size)
    task.eval()
    with torch.inference_mode():
        expected = task(PREPROCESSING.normalize(pixels)).softmax(1)
    assert [result.path.stem for result in results] == list("012345678")
    for number, result in enumerate(results):
        if number == 3:
            assert result == ClassPrediction(folder / "3.png", error="the file is empty (zero bytes)")
            continue
        values, indices = expected[number].topk(5)
        assert [label for label, _ in result.top5] == [NAMES[index] for index in indices]
        assert [value for _, value in result.top5] == pytest.approx(values.tolist(), abs=1e-6)
        assert (result.label, result.probability) == result.top5[0]


def test_a_single_file(task, photos):
    (result,) = predict(task, photos[0] / "1.png")
    assert result.path == photos[0] / "1.png"
    assert result.label in NAMES


def test_what_is_written(task, photos, tmp_path):
    results = predict(task, photos[0], tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "contact_sheet.png",
        "predictions.csv",
        "predictions.json",
    ]
    with (tmp_path / "out" / "predictions.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    plain = json.loads((tmp_path / "out" / "predictions.json").read_text(encoding="utf-8"))
    assert len(rows) == len(plain) == len(results) == 9
    for row, entry, result in zip(rows, plain, results, strict=True):
        assert row["path"] == entry["path"] == str(result.path)
        assert row["label"] == (result.label or "")
        assert entry["label"] == result.label
        assert entry["probability"] == result.probability
        assert [(best["label"], best["probability"]) for best in entry["top5"]] == list(result.top5)
    assert rows[3]["error"] == "the file is empty (zero bytes)"
    assert rows[3]["probability"] == ""


def test_a_folder_of_broken_files_is_told_line_by_line(task, tmp_path):
    (tmp_path / "a.png").write_text("text")
    (tmp_path / "b.png").write_text("text")
    results = predict(task, tmp_path, tmp_path / "out")
    assert [result.error for result in results] == ["the content is not that of a known image format"] * 2


def test_what_cannot_be_predicted_is_said(task, tmp_path):
    with pytest.raises(ZooError, match=r"source=.* holds no images \(\.avif .*\.webp\)"):
        predict(task, tmp_path)
    Image.new("RGB", (6, 6)).save(tmp_path / "a.png")
    with pytest.raises(ZooError, match=r"`batch_size` \(=0\) must be at least 1"):
        predict(task, tmp_path, batch_size=0)
    task.card = {}
    with pytest.raises(ZooError, match="this model knows no images"):
        predict(task, tmp_path)


def test_image_files_of_a_file_is_the_file(tmp_path):
    assert image_files(tmp_path / "odd.name") == [tmp_path / "odd.name"]


def test_contact_sheet_shows_images_in_rows_and_stops(tmp_path, monkeypatch):
    monkeypatch.setattr(contact_sheet, "SHOWN", 7)
    Image.new("RGB", (40, 10), (250, 0, 0)).save(tmp_path / "red.png")
    captions = [Caption(tmp_path / "red.png", "a title that is much too long for its place", "猫")] * 9
    write_contact_sheet(tmp_path / "sheet.png", captions)
    sheet = Image.open(tmp_path / "sheet.png")
    step = contact_sheet.SIDE + contact_sheet.GAP
    assert sheet.size == (
        contact_sheet.GAP + 6 * step,
        contact_sheet.GAP + 2 * (step + contact_sheet.TEXT),
    )
    middle = contact_sheet.GAP + SIDE // 2
    second_row = middle + step + contact_sheet.TEXT
    assert sheet.getpixel((middle, middle)) == (250, 0, 0)
    assert sheet.getpixel((middle, second_row)) == (250, 0, 0)
    assert sheet.getpixel((middle + step, second_row)) == (255, 255, 255)


def test_the_same_image_in_every_form_has_the_same_probabilities(task, photos, tmp_path):
    folder, pixels = photos
    expected = predict(task, folder / "0.png")[0].top5
    array = pixels[0].permute(1, 2, 0).numpy()
    forms = [str(folder / "0.png"), Image.fromarray(array), array, pixels[0], pixels[0] / 255]
    for form in forms:
        assert zoo.predict(task, form)[0].top5 == expected
    many = zoo.predict(task, [*forms, folder], tmp_path / "out")
    for result in many[: len(forms) + 1]:  # a batch rounds differently
        assert [label for label, _ in result.top5] == [label for label, _ in expected]
        assert [value for _, value in result.top5] == pytest.approx([value for _, value in expected], abs=1e-6)
    assert len(many) == len(forms) + 9
    rows = (tmp_path / "out" / "predictions.csv").read_text().splitlines()
    assert rows[2].startswith("image_1,")
