"""The data of the comparison of fine-tuning with training from scratch."""

from collections import Counter

import finetuning_table
import pytest


def test_a_hundred_digits_are_labeled_and_all_others_test(tmp_path):
    finetuning_table.few_digits(tmp_path, None, seed=3)
    files = {split: [path.name for path in (tmp_path / split).rglob("*.png")] for split in ("train", "val", "test")}
    assert {split: len(names) for split, names in files.items()} == {"train": 80, "val": 20, "test": 1697}
    assert max(Counter(name for names in files.values() for name in names).values()) == 1
    per_class = Counter(path.parent.name for path in (tmp_path / "train").rglob("*.png"))
    assert set(per_class.values()) == {8}


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
