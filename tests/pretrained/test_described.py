"""Class names and preprocessing from the files beside weights."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError
from zoo.pretrained.catalog import resolve_weights
from zoo.pretrained.described import class_names, preprocessing

PROCESSOR = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3, "resample": 3}


@pytest.mark.parametrize(
    ("processor", "short", "size", "resize"),
    [
        ({"size": {"height": 224, "width": 224}}, 224, 224, "squash"),
        ({"size": {"shortest_edge": 256}, "do_center_crop": True, "crop_size": {"height": 224}}, 256, 224, "crop"),
        ({"size": {"shortest_edge": 224}, "crop_pct": 0.875}, 256, 224, "crop"),
        ({"size": 224, "crop_pct": 0.875}, 256, 224, "crop"),
    ],
)
def test_sizes_of_hugging_face(processor, short, size, resize):
    found = preprocessing({}, PROCESSOR | processor, Path("x"))
    assert (round(found["size"] / found["crop_ratio"]), found["size"], found["resize"]) == (short, size, resize)
    assert (found["mean"], found["std"], found["interpolation"]) == ([0.5] * 3, [0.25] * 3, "bicubic")


def test_images_are_those_of_timm(tmp_path):
    data = pytest.importorskip("timm.data")
    published = {"input_size": [3, 64, 64], "crop_pct": 0.95, "interpolation": "bicubic"}
    published |= {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    coarse = torch.rand(1, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    smooth = nn.functional.interpolate(coarse, size=(150, 200), mode="bicubic").clamp(0, 1)[0]
    Image.fromarray((smooth * 255).to(torch.uint8).permute(1, 2, 0).numpy()).save(tmp_path / "photo.png")
    transform = data.create_transform(**published, is_training=False)
    found = Preprocessing.from_dict(preprocessing({"pretrained_cfg": published}, {}, tmp_path))
    ours = found.normalize(found.read(tmp_path / "photo.png")[None])[0]
    assert (ours - transform(Image.open(tmp_path / "photo.png"))).abs().max() < 0.02  # a step of one byte is 0.017


def test_names_of_classes():
    assert class_names({"id2label": {str(i): f"kind {i}" for i in range(11)}})[10] == "kind 10"
    assert class_names({"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}) is None
    assert class_names({"num_classes": 1000, "pretrained_cfg": {"tag": "a1_in1k"}})[0] == "tench"
    assert class_names({"num_classes": 1000}) is None


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"input_size": [3, 224, 256]}, "an input of 224×256"),
        ({"crop_mode": "border"}, "crop_mode border"),
        ({"interpolation": "lanczos"}, r"the interpolation .=lanczos. must be bilinear or bicubic"),
        ({"input_size": [3, 10**9, 10**9]}, "must be a whole number from 1 to 4096"),
        ({"input_size": "huge"}, "is not computed here"),
        ({"crop_pct": 0}, "is not computed here"),
        ({"std": [0, 1, 1]}, "must be positive numbers"),
        ({"mean": ["os.system"] * 3}, "is not computed here"),
        ({"mean": [0.5]}, "must have a number for each channel"),
    ],
)
def test_a_description_that_cannot_be_followed(changed, answer, tmp_path):
    published = {"input_size": [3, 224, 224], "mean": [0.5] * 3, "std": [0.5] * 3} | changed
    save_file({"conv.weight": torch.ones(1)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"pretrained_cfg": published}))
    with pytest.raises(ZooError, match=answer):
        resolve_weights(tmp_path, model="x")


def test_a_damaged_description_and_an_empty_folder(tmp_path):
    with pytest.raises(ZooError, match=r"the folder has no model.safetensors or pytorch_model.bin"):
        resolve_weights(tmp_path, model="x")
    save_file({"conv.weight": torch.ones(1)}, tmp_path / "model.safetensors")
    for text in ("[" * 100_000, "{", "[]"):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(ZooError, match=r"config.json (is no JSON file|must hold a JSON object)"):
            resolve_weights(tmp_path, model="x")


@pytest.mark.parametrize("names", [[{}], [["a"]]])
def test_names_of_classes_that_are_no_names_end_in_one_line(tmp_path, names):
    (tmp_path / "config.json").write_text(json.dumps({"label_names": names}))
    save_file({"a": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(ZooError, match="cannot be read; was it edited"):
        resolve_weights(tmp_path, model="lenet5")
