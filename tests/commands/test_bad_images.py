"""Bad image folders, broken images and failed downloads."""

import json
import urllib.request
from urllib.error import URLError

import pytest
from bad_input import HUGE, QUICK, truncate, write_image, write_images
from PIL import Image

FOLDER = ["data=image_folder", "data.image_size=32", "data.root=pets", "data.num_workers=0", *QUICK]
EXPECTED = "data.root=FOLDER must hold a folder of images for each class, or train/ val/ test/ with such folders"


def test_no_folder_given(refused):
    assert refused("data=image_folder") == "`data.root` is not given: add data.root=… to the command"


def test_folders_that_are_not_as_they_must_be(refused, tmp_path):
    assert refused(*FOLDER) == f"the data folder `pets` does not exist: {EXPECTED}"
    (tmp_path / "pets").mkdir()
    assert refused(*FOLDER) == f"the data folder `pets` is empty: {EXPECTED}"
    write_images(tmp_path / "pets" / "cat")
    assert refused(*FOLDER) == "the data folder `pets` has one class, `cat`: at least two are needed"
    (tmp_path / "pets" / "dog").mkdir()
    assert refused(*FOLDER) == "the class folder `pets/dog` has no images"
    assert not (tmp_path / "runs").exists() or not any((tmp_path / "runs").rglob("metrics.csv"))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cut.jpg", None, "the file is truncated"),
        ("empty.jpg", b"", "the file is empty (zero bytes)"),
        ("text.png", b"no image", "the content is not that of a known image format"),
        ("huge.png", "huge", HUGE),
    ],
)
@pytest.mark.parametrize("cache", ["data.cache_mb=256", "data.cache_mb=0"])
def test_broken_images_are_named_in_training(refused, pets, name, content, reason, cache):
    broken = pets / "dog" / name
    if content == "huge":
        Image.new("1", (20_000, 20_000)).save(broken)
    elif content is None:
        write_image(broken)
        truncate(broken)
    else:
        broken.write_bytes(content)
    advice = "data.on_error=skip leaves such files out"
    assert refused(*FOLDER, cache) == f"cannot read the image `pets/dog/{name}`: {reason}; {advice}"


def test_broken_images_are_left_out_and_counted_on_request(command, pets, caplog):
    truncate(pets / "dog" / "3.jpg")
    Image.new("RGB", (1, 1)).save(pets / "dog" / "dot.png")  # an image all the same
    ended = command("train", *FOLDER, "data.on_error=skip")
    assert ended.code == 0, ended.err
    assert "left out 1 of 13 images that cannot be read: pets/dog/3.jpg: the file is truncated" in caplog.text


def test_broken_images_are_a_line_of_the_results_of_a_prediction(command, trained, pets):
    truncate(pets / "cat" / "0.jpg")
    (pets / "cat" / "1.jpg").write_bytes(b"")
    (pets / "cat" / "text.png").write_text("no image")
    Image.new("RGB", (1, 1)).save(pets / "dot.png")
    Image.new("1", (20_000, 20_000)).save(pets / "huge.png")
    ended = command("predict", f"checkpoint={trained}", "source=pets", "hydra.run.dir=out")
    assert ended.code == 0, ended.err
    assert "11 results and 4 errors (column `error`): " in ended.out
    results = {entry["path"]: entry for entry in json.loads((ended.folder / "out" / "predictions.json").read_text())}
    reasons = {path: entry["error"] for path, entry in results.items() if entry["error"]}
    assert reasons == {
        "pets/cat/0.jpg": "the file is truncated",
        "pets/cat/1.jpg": "the file is empty (zero bytes)",
        "pets/cat/text.png": "the content is not that of a known image format",
        "pets/huge.png": HUGE,
    }
    assert results["pets/dot.png"]["label"] in list("0123456789")


def test_download_forbidden(refused):
    line = refused("data=mnist", "data.download=false", "data.root=nowhere")
    assert line.startswith("MNIST is not in `nowhere/MNIST/raw` (no train-images-idx3-ubyte")
    assert line.endswith("give data.root=FOLDER where its files are, or data.download=true to fetch them")


def test_download_failed(refused, monkeypatch):
    def no_network(*args, **kwargs):
        raise URLError("no route to some.host")

    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    assert refused("data=cifar10", "data.root=nowhere") == (
        "CIFAR10 is not in `nowhere/cifar-10-batches-py` and could not be downloaded: try again with a network, or "
        "bring its files from elsewhere and give data.root=FOLDER data.download=false"
    )
