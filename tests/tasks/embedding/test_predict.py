import csv

import pytest
import torch
from PIL import Image

from zoo.errors import ZooError
from zoo.run.create import create_model
from zoo.tasks.embedding.fingerprint import fingerprint
from zoo.tasks.embedding.gallery import Gallery
from zoo.tasks.embedding.gallery_file import save_gallery
from zoo.tasks.embedding.predict import predict


@pytest.fixture
def model():
    torch.manual_seed(0)
    task = create_model("siamese", in_channels=1)
    plain = {"size": 32, "channels": 1, "mean": [0.5], "std": [0.25], "resize": "squash", "crop_ratio": 1.0}
    task.card = {"preprocessing": plain}
    return task


@pytest.fixture
def images(tmp_path):
    torch.manual_seed(0)
    for name in ("a", "b"):
        pixels = (torch.rand(40, 30, 3) * 255).to(torch.uint8)
        Image.fromarray(pixels.numpy()).save(tmp_path / f"{name}.png")
    (tmp_path / "c.png").write_bytes(b"")
    return tmp_path


def test_every_readable_image_gets_a_unit_vector(model, images, tmp_path):
    found = predict(model, images, tmp_path / "out", batch_size=2)
    assert [result.path.name for result in found] == ["a.png", "b.png", "c.png"]
    assert torch.tensor(found[0].vector).norm() == pytest.approx(1)
    assert found[2].vector is None
    assert "empty" in found[2].error
    with (tmp_path / "out" / "predictions.csv").open() as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["", "", ""]


def test_a_gallery_names_and_rejects(model, images, tmp_path):
    vectors = torch.tensor([result.vector for result in predict(model, images)[:1]])
    gallery = Gallery(fingerprint(model), [], torch.zeros(0, 0))
    gallery.enroll("ann", vectors)
    save_gallery(gallery, tmp_path / "people")
    found = predict(model, images, gallery=tmp_path / "people", threshold=1e-6)
    assert [result.name for result in found] == ["ann", None, None]
    assert found[1].candidates[0].name == "ann"
    with pytest.raises(ZooError, match="the checkpoint holds no threshold"):
        predict(model, images, gallery=tmp_path / "people")


def test_a_vector_that_is_not_finite_is_an_error_of_its_image(model, images, tmp_path, monkeypatch):
    vectors = torch.tensor([result.vector for result in predict(model, images)[:2]])
    gallery = Gallery(fingerprint(model), [], torch.zeros(0, 0))
    gallery.enroll("bob", vectors[1:])
    save_gallery(gallery, tmp_path / "people")
    vectors[0, 3] = float("nan")
    monkeypatch.setattr(model, "predict_step", lambda images: vectors)
    found = predict(model, images, gallery=tmp_path / "people", threshold=1e-6)
    assert [result.name for result in found] == [None, "bob", None]
    assert (found[0].vector, found[0].error) == (None, "its embedding holds numbers that are not finite")


def test_a_model_without_preprocessing(images):
    with pytest.raises(ZooError, match="this model knows no preprocessing"):
        predict(create_model("siamese"), images)
