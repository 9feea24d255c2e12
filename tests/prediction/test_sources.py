"""A prediction gives the same numbers for a path and for the image in memory."""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from zoo.data.images.files import read_image
from zoo.data.images.in_memory import memory_images
from zoo.errors import ZooError
from zoo.prediction.images import image_files
from zoo.prediction.sources import resolve_source

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
FIRST = torch.from_numpy(PIXELS).permute(2, 0, 1)


def encoded(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    "value",
    [
        Image.fromarray(PIXELS),
        Image.fromarray(PIXELS).convert("RGBA"),
        PIXELS,
        PIXELS.astype(np.int64),
        (PIXELS / 255).astype(np.float32),
        PIXELS.transpose(2, 0, 1),
        FIRST,
        FIRST.float() / 255,
        FIRST.permute(1, 2, 0),
        np.concatenate([PIXELS, np.full((5, 7, 1), 255, np.uint8)], axis=2),
        encoded(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_images_in_memory_are_read_as_files(tmp_path, value):
    (tmp_path / "a.png").write_bytes(encoded())
    (image,) = memory_images(value, "image")
    assert torch.equal(read_image(image, channels=3), read_image(tmp_path / "a.png", channels=3))
    assert torch.equal(read_image(image, channels=1), read_image(tmp_path / "a.png", channels=1))


def test_gray_batches_and_ambiguous_shapes():
    (gray,) = memory_images(PIXELS[..., 0], "gray")
    assert torch.equal(gray.pixels, FIRST[:1])
    assert torch.equal(memory_images(PIXELS[..., :1], "gray")[0].pixels, FIRST[:1])
    batch = memory_images(torch.stack([FIRST, FIRST]), "batch")
    assert [each.name for each in batch] == ["batch_0", "batch_1"]
    square = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)  # both ends may be channels
    assert memory_images(square, "a")[0].pixels[:, 0, 0].tolist() == [0, 1, 2]
    assert memory_images(torch.from_numpy(square), "a")[0].pixels[0, 0].tolist() == [0, 1, 2]


def test_a_bfloat16_tensor_is_read_as_float32():
    gray = torch.tensor([[0.0, 0.5], [0.25, 1.0]])
    (short,), (full,) = memory_images(gray.bfloat16(), "a"), memory_images(gray, "a")
    assert torch.equal(short.pixels, full.pixels)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((5, 5, 7), np.uint8), "image has the shape (5, 5, 7): an image has [H W], [H W C] or [C H W]"),
        (np.zeros(4, np.uint8), "image has the shape (4,)"),
        (torch.randn(3, 4, 4) * 9, "give integers from 0 to 255, or floating point from 0 to 1, before normalization"),
        (np.full((4, 4), 300), "image has int64 values from 300 to 300"),
        (np.array([["a", "b"]]), "image has <U1 values: give integers from 0 to 255, or floating point from 0 to 1"),
        (np.zeros((4, 4), complex), "image has complex128 values: give integers"),
        (torch.zeros(4, 4, device="meta"), "image is a meta, sparse or quantized tensor: give integers"),
        ("", "the source is an empty text: give a path, a pattern or an address"),
        (b"no image", "cannot read the image `image`: the content is not that of a known image format"),
        (3.5, "a prediction reads no float: give a path, a pattern"),
        (np.zeros((0, 8, 8, 3)), "has the shape (0, 8, 8, 3): it holds no image"),
        ([], "the source is an empty list: give at least one path"),
        ("nowhere.png", "source=nowhere.png does not exist"),
        ("nowhere/*.png", "source=nowhere/*.png matches no file"),
        ("http://local host/a.png", "cannot read the image `http://local host/a.png`: URL can't contain"),
        ("http://127.0.0.1:1/a.png", "cannot read the image `http://127.0.0.1:1/a.png`: "),
    ],
)
def test_what_is_no_source_is_refused(value, message):
    with pytest.raises(ZooError, match=re.escape(message)):
        resolve_source(value)


def test_patterns_and_lists_are_read_in_order(tmp_path):
    for name in "ba":
        (tmp_path / f"{name}.png").write_bytes(encoded())
    assert resolve_source(str(tmp_path)) == tmp_path
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "c.png").write_bytes(encoded())
    every = [tmp_path / "a.png", tmp_path / "b.png", tmp_path / "more" / "c.png"]
    assert resolve_source(f"{tmp_path}/**") == every, "not the folders, whose files would be read twice"
    assert resolve_source(f"{tmp_path}/*.png") == [tmp_path / "a.png", tmp_path / "b.png"]
    found = resolve_source([tmp_path / "b.png", PIXELS, f"{tmp_path}/a*"])
    assert [Path(str(each)).name for each in found] == ["b.png", "image_1", "a.png"]
    assert resolve_source((tmp_path / "a.png").as_uri().replace("file://", "")) == tmp_path / "a.png"


def test_what_cannot_be_read_in_a_list_keeps_its_place_with_an_error():
    good, bad, away = resolve_source([PIXELS, b"no image", "http://127.0.0.1:1/a.png"])
    assert (good.error, bad.name, away.name) == (None, "image_1", "http://127.0.0.1:1/a.png")
    assert bad.error == "the content is not that of a known image format"
    with pytest.raises(ZooError, match="cannot read the image `image_1`: the content"):
        read_image(bad, channels=3)


def test_a_table_is_no_source_of_images():
    with pytest.raises(ZooError, match="this model reads images, and the source is a data frame"):
        image_files(pd.DataFrame({"a": [1]}))
