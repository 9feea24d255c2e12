import os
from pathlib import Path

import pytest
import torch
from image_folders import build, write

from zoo.data.images.base import TensorImages
from zoo.data.images.image_folder import ImageFolder
from zoo.data.images.lazy_files import ImageFiles
from zoo.data.images.random_crop import RandomCrop
from zoo.errors import ZooError

DATA = Path(os.environ.get("ZOO_TEST_DATA", Path(__file__).parents[3] / "../shared/data"))


def names(data: ImageFolder, split: str) -> set[str]:
    part = build(data.root, cache_mb=0, seed=data.seed).dataset(split)
    return {str(part.path(index).relative_to(data.root)) for index in range(len(part))}


def test_splits_have_the_same_fraction_of_each_class(folder):
    data = build(folder)
    assert data.metadata() == {"num_classes": 2, "in_channels": 3, "image_size": 14}
    assert data.card()["class_names"] == ["a dog é", "cat"]
    counts = {split: torch.bincount(data.dataset(split).labels).tolist() for split in ("train", "val", "test")}
    assert counts == {"train": [12, 6], "val": [4, 2], "test": [4, 2]}
    parts = [names(data, split) for split in ("train", "val", "test")]
    assert len(set.union(*parts)) == 30
    assert parts[2] == names(build(folder), "test")
    assert parts[2] != names(build(folder, seed=1), "test")


@pytest.mark.parametrize("validation", ["val", "valid", "validation"])
def test_missing_splits_are_cut_from_training(tmp_path, validation):
    for split, count in (("train", 10), (validation, 3)):
        for name in ("cat", "dog"):
            write(tmp_path / split / name, count)
    data = build(tmp_path)
    assert {path.split("/")[0] for path in names(data, "val")} == {validation}
    assert len(names(data, "val")) == 6
    assert len(names(data, "test")) == 4
    assert {path.split("/")[0] for path in names(data, "test") | names(data, "train")} == {"train"}
    write(tmp_path / "test" / "dog", 1)  # a test split may lack a class
    assert names(build(tmp_path), "test") == {"test/dog/0.png"}


def test_cached_and_uncached_images_are_equal(folder):
    memory, files = build(folder), build(folder, cache_mb=0)
    for split in ("train", "val", "test"):
        ours, theirs = memory.dataset(split), files.dataset(split)
        assert isinstance(ours, TensorImages)
        assert isinstance(theirs, ImageFiles)
        indices = torch.arange(len(ours)).flip(0)
        assert all(torch.equal(a, b) for a, b in zip(ours[indices], theirs[indices], strict=True))


def test_test_images_are_preprocessed_like_a_prediction(folder):
    data = build(folder, cache_mb=0)
    test = data.dataset("test")
    images, _ = data.normalize(test[torch.tensor([3])])
    read = data.preprocessing.read(test.path(3))
    assert torch.equal(images, data.preprocessing.normalize(read[None]))


def test_training_images_keep_a_margin_for_the_augmentation(folder):
    crop = RandomCrop(size=14, area=[0.5, 1.0], aspect=[0.8, 1.25], flip=True)
    data = build(folder, augmentation=crop)
    batch = data.dataset("train")[torch.arange(4)]
    assert batch[0].shape == (4, 3, 16, 16)
    assert data.normalize(data.augment(batch))[0].shape == (4, 3, 14, 14)
    assert data.normalize(batch)[0].shape == (4, 3, 14, 14)


def test_reads_gray_images(folder):
    data = build(folder, channels=1, mean=[0.5], std=[0.2])
    assert data.normalize(data.dataset("val")[torch.arange(2)])[0].shape == (2, 1, 14, 14)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_size": 0}, "`data.image_size` (=0) must be positive"),
        ({"crop_ratio": 1.5}, "`data.crop_ratio` (=1.5) must be above 0 and at most 1"),
        ({"channels": 4}, "`data.channels` (=4) must be 1 (gray) or 3 (color)"),
        ({"channels": 1}, "`data.mean` (=[0.5, 0.5, 0.5]) must have 1 values, one for each channel"),
        ({"std": [0.2, 0.0, 0.2]}, "`data.std` (=[0.2, 0.0, 0.2]) must be positive"),
        ({"on_error": "ignore"}, "`data.on_error` (=ignore) must be raise or skip"),
        (
            {"val_fraction": 0.9},
            "`data.val_fraction` (=0.9) and `data.test_fraction` (=0.2) must be positive and leave something to "
            "train on",
        ),
    ],
)
def test_invalid_values_are_refused(tmp_path, change, message):
    with pytest.raises(ZooError) as caught:
        build(tmp_path, **change)
    assert str(caught.value) == message


@pytest.mark.data
def test_real_photographs():
    root = DATA / "hymenoptera"
    if not root.is_dir():
        pytest.skip(f"no hymenoptera in {DATA}")
    data = build(root, image_size=32)
    assert data.card()["class_names"] == ["ants", "bees"]
    assert len(data.dataset("train")) + len(data.dataset("test")) == 244
    assert len(data.dataset("val")) == 153


def test_loading_advice_names_the_cache_and_the_workers(folder, monkeypatch):
    monkeypatch.setattr("zoo.data.base.cores", lambda: 4)
    slow = build(folder, cache_mb=0, num_workers=1)
    slow.setup()
    assert slow.loading_advice() == [
        "data.cache_mb=1 decodes all images once and holds them in memory",
        "data.num_workers=4 reads with more processes (now 1)",
    ]
    assert "more cores than 4" in build(folder, cache_mb=0, num_workers=4).loading_advice()[1]
    assert build(folder, cache_mb=1).loading_advice() == []


def test_many_files_are_read_by_workers(tmp_path):
    for name in ("cat", "dog"):
        write(tmp_path / name, 60)
    direct = build(tmp_path).dataset("train").images
    (tmp_path / "dog" / "7.png").write_bytes(b"")
    with_workers = build(tmp_path, num_workers=1, on_error="skip")
    assert sum(len(with_workers.dataset(split)) for split in ("train", "val", "test")) == 119
    (tmp_path / "dog" / "7.png").unlink()
    assert build(tmp_path, num_workers=1).dataset("train").images.shape[1:] == direct.shape[1:]
