"""Contents with styles that change from image to image: drawn ones, and those of folders."""

import pytest
import torch
from PIL import Image

from zoo.data.style.styles import KINDS, DrawnStyles
from zoo.errors import ZooError
from zoo.run.create import create_data


def test_styles_are_drawn_anew_and_some_kinds_are_kept_from_training():
    data = create_data("many_styles", image_size=32, train_pictures=4, batch_size=4)
    train_data, first, next_epoch = data.dataset("train"), torch.arange(4), torch.arange(4, 8)
    for again, part in zip(train_data[first], train_data[first], strict=True):
        assert torch.equal(again, part)
    for other, part in zip(train_data[next_epoch], train_data[first], strict=True):
        assert not torch.equal(other, part)
    held = {split: data.dataset(split).styles for split in ("train", "val", "test")}
    assert [held[split].unseen for split in ("train", "val", "test")] == [False, True, True]
    assert not torch.equal(held["val"][first], held["test"][first])


def test_every_kind_of_style_is_drawn(monkeypatch):
    for number, kind in enumerate(KINDS):
        monkeypatch.setattr("zoo.data.style.styles.KINDS", (kind,))
        pixels = DrawnStyles("train", 48, 1, seed=number)[torch.tensor([0])]
        assert pixels.shape == (1, 3, 48, 48)
        assert pixels.float().std() > 1, kind.__name__


def test_a_folder_of_styles_is_split(tmp_path):
    for number in range(6):
        Image.new("RGB", (40, 40 + number), (40 * number, 0, 0)).save(tmp_path / f"{number}.png")
    data = create_data("many_styles", styles=str(tmp_path), image_size=32, train_pictures=9)
    count = {split: len(data.dataset(split)) for split in ("train", "val", "test")}
    assert count == {"train": 9, "val": 8, "test": 10}
    reds = {s: set(data.dataset(s)[torch.arange(n)].styles[:, 0, 0, 0].tolist()) for s, n in count.items()}
    assert not reds["train"] & (reds["val"] | reds["test"])
    assert not reds["val"] & reds["test"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ZooError, match=r"`data.styles` \(=.*\) holds 0 images"):
        create_data("many_styles", styles=str(tmp_path / "empty")).setup()
