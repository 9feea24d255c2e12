"""Style transfer in one pass: data, network, a small run, predictions on files and video, export."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import zoo
from zoo.data.images.files import read_image
from zoo.data.style.folder import StylePictures
from zoo.data.video import frames
from zoo.errors import ZooError
from zoo.networks.stylization import TransformNetwork
from zoo.run.create import create_data
from zoo.run.export import FORMATS, export


@pytest.fixture(scope="module")
def finished(trained_small):
    return trained_small("fast_style_small", "style_pictures_128")


def test_the_network_has_the_parameters_of_the_papers_code():
    with torch.device("meta"):
        network = TransformNetwork()
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_679_235
    names = set(network.state_dict())
    assert {"conv1.conv2d.weight", "in5.bias"} <= names  # those of PyTorch's example
    assert network(torch.rand(2, 3, 64, 100, device="meta")).shape == (2, 3, 64, 100)


def test_any_size_is_restyled_and_cropped_to_its_own(finished):
    task = zoo.load(finished)
    with torch.no_grad():
        found = task(torch.rand(1, 3, 37, 50))
    assert found.shape == (1, 3, 37, 50)
    assert 0 <= found.min() <= found.max() <= 1


def test_a_run_is_measured_beside_the_optimization(finished):
    results = json.loads((finished / "metrics.json").read_text())
    assert {"cost", "content_cost", "style_cost", "variation_cost", "flicker", "ms_per_image"} <= results["test"].keys()
    assert {"3 steps of L-BFGS", "color transfer", "content"} == results["baselines"].keys()
    assert results["baselines"]["3 steps of L-BFGS"]["cost"] < results["baselines"]["content"]["cost"]
    assert (finished / "report" / "held_out.png").is_file()


def test_files_and_videos_are_restyled(finished, tmp_path, write_clip):
    source = tmp_path / "source"
    source.mkdir()
    Image.new("L", (50, 40), 90).save(source / "gray.png")
    (source / "broken.jpg").write_bytes(b"no image")
    write_clip(source / "clip.mp4")
    results = zoo.predict(finished, source, tmp_path / "out", image_size=48, original_colors=True)
    by_name = {f"{result.path.name}{result.frame or ''}": result for result in results}
    assert list(by_name) == ["broken.jpg", "gray.png", "clip.mp4", "clip.mp41", "clip.mp42"]
    assert by_name["broken.jpg"].error is not None
    picture = by_name["gray.png"].picture
    assert tuple(picture.shape) == (3, 38, 48)
    assert (picture.float() - picture.float().mean(0)).abs().max() <= 1  # the colors of gray
    assert torch.equal(read_image(by_name["gray.png"].file, channels=3), picture)
    restyled = list(frames(by_name["clip.mp41"].file))
    assert len(restyled) == 3
    assert restyled[0].shape == (3, 38, 48)


@pytest.mark.slow
@pytest.mark.parametrize(("format", "pixels"), [("onnx", True), ("torch_export", False)])
def test_the_exported_file_takes_any_size(finished, tmp_path, format, pixels):
    path, difference = export(
        finished / "checkpoints" / "best.ckpt",
        format=format,
        output=tmp_path / f"style{FORMATS[format]}",
        with_preprocessing=pixels,
        tolerance=1e-4,
        device="cpu",
        trust=[],
        options={},
    )
    assert difference < 1e-4  # at 64×96 and 80×48 pixels
    if format == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path))
        (found,) = session.run(None, {"images": np.full((2, 3, 36, 44), 128, np.float32)})
        assert found.shape == (2, 3, 36, 44)
        assert 1 < found.max() <= 255


def test_built_in_pictures_are_new_in_each_epoch_and_apart_in_each_split():
    data = create_data("style_pictures", image_size=32, train_pictures=4, batch_size=4)
    assert isinstance(data, StylePictures)
    train = data.dataset("train")
    assert torch.equal(train[torch.arange(4)], train[torch.arange(4)])
    assert not torch.equal(train[torch.arange(4)], train[torch.arange(4, 8)])
    assert data.normalize(data.dataset("test")[torch.arange(2)]).max() <= 1


def test_a_folder_is_split_and_cropped(tmp_path):
    for number in range(7):
        Image.new("RGB", (60 + number, 40), (30 * number, 0, 0)).save(tmp_path / f"{number}.png")
    data = create_data("style_pictures", root=str(tmp_path), image_size=32, train_pictures=12)
    sizes = {split: len(data.dataset(split)) for split in ("train", "val", "test")}
    assert sizes == {"train": 12, "val": 2, "test": 2}
    reds = {split: set(data.dataset(split)[torch.arange(count)][:, 0, 0, 0].tolist()) for split, count in sizes.items()}
    assert len(reds["train"] | reds["val"] | reds["test"]) == 7
    assert not reds["train"] & (reds["val"] | reds["test"])
    (tmp_path / "5.png").write_bytes(b"broken")
    assert len(data.dataset("train")[torch.arange(12)]) == 12  # another file in its place


def test_a_folder_of_two_pictures_is_refused(tmp_path):
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    with pytest.raises(ZooError, match="holds 1 images, and each split needs one at least"):
        create_data("style_pictures", root=str(tmp_path)).setup()


def test_the_feature_network_brings_no_classes():
    assert "class_names" not in zoo.create_model("fast_style_small", pretrained="DEFAULT").card
