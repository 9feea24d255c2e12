"""Images with numbers from a table."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zoo.data.images.augment import Chain, Mixup
from zoo.data.images.files import UnreadableImage, read_image
from zoo.data.images.image_table import ImageTable
from zoo.data.sample_names import sample_name
from zoo.errors import ZooError

OPTIONS = {
    "header": True,
    "root": None,
    "image": None,
    "target": None,
    "split": "random",
    "split_by": None,
    "image_size": 8,
    "crop_ratio": 1.0,
    "channels": 3,
    "mean": None,
    "std": None,
    "val_fraction": 0.2,
    "test_fraction": 0.2,
    "on_error": "raise",
    "cache_mb": 100,
    "augmentation": None,
    "batch_size": 4,
    "num_workers": 0,
    "seed": 0,
}


def build(path: Path, **options) -> ImageTable:
    return ImageTable(path=str(path), **OPTIONS | options)


def write(path: Path, rows) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture
def table(tmp_path):
    """Twenty gray images, whose number is their brightness; two of each `series`."""
    (tmp_path / "pictures").mkdir()
    rows = [["path", "series", "brightness"]]
    for number in range(20):
        Image.new("RGB", (12, 10), (10 * number,) * 3).save(tmp_path / "pictures" / f"{number}.png")
        rows.append([f"pictures/{number}.png", str(number // 2), 10.0 * number + 0.5])
    return write(tmp_path / "labels.csv", rows)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8") as file:
        return [*csv.reader(file)]


@pytest.mark.parametrize("cache", [0, 100])
def test_each_image_has_its_number(table, cache):
    data = build(table, cache_mb=cache)
    data.setup()
    seen = []
    for split, count in (("train", 12), ("val", 4), ("test", 4)):
        images, values = data.dataset(split)[torch.arange(count)]
        assert len(data.dataset(split)) == count
        assert torch.equal(images[:, 0, 4, 4].double() + 0.5, values)
        seen += values.tolist()
    assert sorted(seen) == [10.0 * number + 0.5 for number in range(20)]
    train = data.dataset("train")[torch.arange(12)][1].numpy()
    known = data.metadata()
    assert (known["target_center"], known["target_scale"]) == pytest.approx((train.mean(), train.std()))
    assert data.card()["target"] == "brightness"


def test_groups_stay_together(table):
    data = build(table, split="group", split_by="series")
    data.setup()
    groups = {split: set(data.dataset(split)[torch.arange(4)][1].numpy() // 20) for split in ("val", "test")}
    assert [len(found) for found in groups.values()] == [2, 2]
    assert not groups["val"] & groups["test"]


def test_images_in_several_splits_are_counted(table, capsys):
    rows = rows_of(table)
    build(write(table, rows + rows[1:])).setup()
    assert "images stand in rows of several splits" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({3: "pictures/99.png,1,5"}, {}, r"row 3: the image `.*99.png` does not exist: data.root=FOLDER"),
        ({3: ",1,5"}, {}, "row 3, column `path`: the path is missing"),
        ({3: "pictures/3.png,1,bright"}, {}, "row 3, column `brightness`: 'bright' is no number$"),
        ({}, {"target": "series", "image": "series"}, "the column `series` cannot be both"),
        ({}, {"target": "path", "image": "series"}, "the target `path` holds text, and data=image_table predicts"),
        ({}, {"target": "size"}, "unknown column `size`"),
        ({}, {"split": "stratified"}, "must be one of: random, group, time, column"),
        ({}, {"split": "group"}, "needs data.split_by=COLUMN"),
        ({}, {"augmentation": Chain(steps=[Mixup(alpha=0.2)])}, "mixes classes"),
    ],
)
def test_bad_input_is_one_line(table, change, options, message):
    rows = rows_of(table)
    for number, line in change.items():
        rows[number] = line.split(",")
    with pytest.raises(ZooError, match=message):
        build(write(table, rows), **options).setup()


def test_rows_without_a_readable_image_are_left_out_on_request(table, caplog):
    rows = rows_of(table)
    rows[3][0], rows[4][0] = "pictures/99.png", ""
    (table.parent / "pictures" / "7.png").write_bytes(b"no image")
    data = build(write(table, rows), on_error="skip")
    data.setup()
    left = np.concatenate([data.dataset(split).labels.numpy() for split in ("train", "val", "test")])
    assert sorted(left) == [10.0 * number + 0.5 for number in range(20) if number not in (2, 3, 7)]
    assert "left out 2 of 19 images" in caplog.text


@pytest.mark.parametrize("cache_mb", [0, 100])
def test_images_are_named_by_their_files(cache_mb, table):
    data = build(table, cache_mb=cache_mb)
    data.setup()
    test = data.dataset("test")
    numbers = test[torch.arange(len(test))][1].tolist()
    expected = [f"pictures/{int(number // 10)}.png" for number in numbers]
    assert [sample_name(test, index) for index in range(len(test))] == expected


def test_a_check_lists_broken_images_and_images_of_two_numbers(table, capsys):
    assert build(table).check(table.parent)
    assert capsys.readouterr().out.endswith("val: 4 images\ntest: 4 images\nno problems\n")
    copy = table.parent / "pictures" / "copy.png"
    copy.write_bytes((table.parent / "pictures" / "3.png").read_bytes())
    (table.parent / "pictures" / "bad.png").write_bytes(b"no image")
    write(table, [*rows_of(table), ["pictures/copy.png", "9", 7.0], ["pictures/bad.png", "9", 8.0]])
    assert not build(table).check(table.parent)
    out = capsys.readouterr().out
    assert "1 × broken image" in out
    assert "1 × one image with several numbers" in out


def test_a_table_is_no_image(table):
    with pytest.raises(UnreadableImage, match="of a table of images, give the folder with the images"):
        read_image(table, channels=3)
