"""The data of the comparison of fine-tuning with training from scratch."""

from collections import Counter

import finetuning_table
import numpy as np
import pytest
from PIL import Image


def test_a_hundred_digits_are_labeled_and_all_others_test(tmp_path):
    finetuning_table.few_digits(tmp_path, None, seed=3)
    files = {split: [path.name for path in (tmp_path / split).rglob("*.png")] for split in ("train", "val", "test")}
    assert {split: len(names) for split, names in files.items()} == {"train": 80, "val": 20, "test": 1697}
    assert max(Counter(name for names in files.values() for name in names).values()) == 1
    per_class = Counter(path.parent.name for path in (tmp_path / "train").rglob("*.png"))
    assert set(per_class.values()) == {8}


def test_few_digits_of_separate_classes(tmp_path):
    raw = tmp_path / "mnist" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    labels = np.repeat(np.arange(10, dtype=np.uint8), 110)
    images = np.broadcast_to(labels[:, None, None], (len(labels), 28, 28)) + 1
    for prefix in ("train", "t10k"):
        for name, values in (("images-idx3", images), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4) for size in values.shape)
            (raw / f"{prefix}-{name}-ubyte").write_bytes(head + values.tobytes())
    folder = tmp_path / "data"
    finetuning_table.few_identities(folder, tmp_path, seed=0)
    found = {part.relative_to(folder).as_posix(): [*part.iterdir()] for part in folder.glob("*/*")}
    counts = {name: len(files) for name, files in found.items()}
    assert counts == {f"train/{n}": 5 for n in (1, 2, 5, 6, 7)} | {f"val/{n}": 50 for n in (4, 9)} | {
        f"test/{n}": 100 for n in (0, 3, 8)
    }
    pixels = np.asarray(Image.open(found["test/3"][0]))
    assert pixels.shape == (36, 36)
    assert set(pixels[4:-4, 4:-4].flat) == {4}, "the image of its label"


def test_half_of_the_training_images_are_listed(tmp_path):
    source = tmp_path / "data" / "bccd" / "BCCD"
    (source / "Annotations").mkdir(parents=True)
    (source / "JPEGImages").mkdir()
    lists = source / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for split, count in (("train", 9), ("val", 3), ("test", 2)):
        (lists / f"{split}.txt").write_text("".join(f"{split}{number}\n" for number in range(count)))
    (tmp_path / "half").mkdir()
    finetuning_table.half_of_voc(tmp_path / "half", tmp_path / "data", seed=0)
    found = {path.stem: path.read_text().split() for path in (tmp_path / "half").rglob("*.txt")}
    assert {split: len(names) for split, names in found.items()} == {"train": 4, "val": 3, "test": 2}
    assert set(found["train"]) < {f"train{number}" for number in range(9)}


def test_data_that_is_not_there_ends_in_one_line(tmp_path):
    with pytest.raises(SystemExit, match="the data is not at --data-root/bccd"):
        finetuning_table.located(tmp_path, "bccd")
