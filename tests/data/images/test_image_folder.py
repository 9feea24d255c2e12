import logging
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_lightning import Trainer
from torch import nn

from zoo.data.images.base import TensorImages
from zoo.data.images.class_folders import find_files
from zoo.data.images.files import UnreadableImage
from zoo.data.images.image_folder import ImageFolder
from zoo.data.images.lazy_files import ImageFiles
from zoo.data.images.random_crop import RandomCrop
from zoo.errors import ZooError
from zoo.tasks.classification import Classification

DATA = Path(os.environ.get("ZOO_TEST_DATA", Path(__file__).parents[3] / "../shared/data"))
RNG = np.random.default_rng(0)


def write(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        width, height = RNG.integers(20, 40, 2)
        pixels = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def build(root: Path, **changes) -> ImageFolder:
    values = {
        "root": str(root),
        "image_size": 14,
        "crop_ratio": 0.875,
        "channels": 3,
        "mean": [0.5, 0.5, 0.5],
        "std": [0.2, 0.2, 0.2],
        "val_fraction": 0.2,
        "test_fraction": 0.2,
        "on_error": "raise",
        "cache_mb": 1,
        "batch_size": 4,
        "num_workers": 0,
        "seed": 0,
        "augmentation": None,
    }
    return ImageFolder(**values | changes)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "pets"
    write(root / "cat", 10)
    write(root / "a dog é", 20)
    (root / "README.txt").write_text("no class")
    return root


def names(data: ImageFolder, split: str) -> set[str]:
    part = build(data.root, cache_mb=0, seed=data.seed).dataset(split)
    return {str(part.path(index).relative_to(data.root)) for index in range(len(part))}


def test_classes_are_found_and_splits_are_cut_alike_from_each(folder):
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
def test_given_splits_are_kept_and_the_others_are_cut_from_training(tmp_path, validation):
    for split, count in (("train", 10), (validation, 3)):
        for name in ("cat", "dog"):
            write(tmp_path / split / name, count)
    data = build(tmp_path)
    assert {path.split("/")[0] for path in names(data, "val")} == {validation}
    assert len(names(data, "val")) == 6
    assert len(names(data, "test")) == 4
    assert {path.split("/")[0] for path in names(data, "test") | names(data, "train")} == {"train"}
    write(tmp_path / "test" / "dog", 1)  # a class may be missing from a given test split
    assert names(build(tmp_path), "test") == {"test/dog/0.png"}


def test_a_class_may_be_called_train(tmp_path):
    write(tmp_path / "train", 5)
    write(tmp_path / "bus", 5)
    assert build(tmp_path).card()["class_names"] == ["bus", "train"]


def test_a_class_may_begin_with_underscores_and_a_hidden_folder_is_none(folder):
    write(folder / "__unknown__", 5)
    for name in (".git", "__MACOSX", "__pycache__"):
        (folder / name).mkdir()
    assert build(folder).card()["class_names"] == ["__unknown__", "a dog é", "cat"]


def test_in_memory_and_from_files_are_the_same(folder):
    memory, files = build(folder), build(folder, cache_mb=0)
    for split in ("train", "val", "test"):
        ours, theirs = memory.dataset(split), files.dataset(split)
        assert isinstance(ours, TensorImages)
        assert isinstance(theirs, ImageFiles)
        indices = torch.arange(len(ours)).flip(0)
        assert all(torch.equal(a, b) for a, b in zip(ours[indices], theirs[indices], strict=True))


def test_held_out_images_are_prepared_as_a_prediction_is(folder):
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


def test_training_reads_another_part_of_long_pictures_in_every_batch(tmp_path):
    """Columns of a long picture are bright in turn: in a few dozen batches every one of them is seen."""
    columns = np.tile(np.arange(48, dtype=np.uint8) * 5, (16, 1))
    for split in ("train", "val", "test"):
        for name in ("ant", "bee"):
            (tmp_path / split / name).mkdir(parents=True)
            for i in range(8):
                Image.fromarray(columns).save(tmp_path / split / name / f"{i}.png")
    crop = RandomCrop(size=14, area=[0.5, 1.0], aspect=[0.8, 1.25], flip=True)
    data = build(tmp_path, augmentation=crop, cache_mb=0)
    seen = set()
    for batch in [torch.randperm(16)[:8] for _ in range(40)]:
        images, _ = data.dataset("train")[batch]
        assert torch.equal(images, data.dataset("train")[batch][0])  # the same batch is the same, as resuming wants it
        seen |= set(images[:, 0, 0].flatten().tolist())
    assert seen == set(range(0, 240, 5))
    plain = build(tmp_path, cache_mb=0).dataset("train")[torch.arange(8)][0]
    assert len(plain.unique(dim=0)) == 1  # nothing varies without an augmentation


def test_grey_on_request(folder):
    data = build(folder, channels=1, mean=[0.5], std=[0.2])
    assert data.normalize(data.dataset("val")[torch.arange(2)])[0].shape == (2, 1, 14, 14)


@pytest.mark.filterwarnings("ignore")  # Lightning's, on small loaders and old trees
@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_image_is_named_in_training(folder, workers):
    (folder / "cat" / "3.png").write_bytes((folder / "cat" / "3.png").read_bytes()[:200])
    with pytest.raises(UnreadableImage, match=r"cat/3\.png`: the file is truncated; data\.on_error=skip leaves"):
        build(folder).setup()
    task = Classification(
        network=nn.Sequential(nn.Flatten(), nn.Linear(588, 2)), loss=nn.CrossEntropyLoss(), num_classes=2
    )
    task.optimizer_factory = lambda groups: torch.optim.SGD(groups, lr=0.1)
    data = build(folder, cache_mb=0, num_workers=workers, val_fraction=0.1, test_fraction=0.1)
    trainer = Trainer(
        max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False, accelerator="cpu"
    )
    with pytest.raises(ZooError) as caught:
        trainer.fit(task, data)
    assert str(caught.value) == (
        f"cannot read the image `{folder}/cat/3.png`: the file is truncated; data.on_error=skip leaves such files out"
    )


@pytest.mark.parametrize("cache_mb", [0, 1])
def test_broken_images_are_left_out_and_counted(folder, caplog, cache_mb):
    (folder / "cat" / "0.png").write_bytes(b"")
    (folder / "a dog é" / "1.png").write_text("text")
    with caplog.at_level(logging.WARNING):
        data = build(folder, on_error="skip", cache_mb=cache_mb)
        data.setup()
    assert len(data.skipped) == 2
    assert "left out 2 of 30 images that cannot be read: " in caplog.text
    assert "cat/0.png: the file is empty (zero bytes)" in caplog.text
    assert sum(len(data.dataset(split)) for split in ("train", "val", "test")) == 28
    labels = torch.cat([data.dataset(split).labels for split in ("train", "val", "test")])
    assert torch.bincount(labels).tolist() == [19, 9]
    for split in ("train", "val", "test"):
        images, labels = data.dataset(split)[torch.arange(len(data.dataset(split)))]
        assert len(images) == len(labels)
        assert images.flatten(1).amax(1).min() > 0  # no black picture stands for a broken file


def test_many_files_are_read_by_workers(tmp_path):
    for name in ("cat", "dog"):
        write(tmp_path / name, 60)
    direct = build(tmp_path).dataset("train").images
    (tmp_path / "dog" / "7.png").write_bytes(b"")
    with_workers = build(tmp_path, num_workers=1, on_error="skip")
    assert sum(len(with_workers.dataset(split)) for split in ("train", "val", "test")) == 119
    (tmp_path / "dog" / "7.png").unlink()
    assert build(tmp_path, num_workers=1).dataset("train").images.shape[1:] == direct.shape[1:]


def test_a_class_of_broken_files_ends_the_run(folder):
    for path in (folder / "cat").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ZooError, match="no image of class `cat` can be read: cannot read the image"):
        build(folder, on_error="skip").setup()


WANTED = "data.root=FOLDER must hold a folder of images for each class, or train/ val/ test/ with such folders"


def test_a_missing_or_wrong_folder_is_told(tmp_path):
    def message(root: Path) -> str:
        with pytest.raises(ZooError) as caught:
            build(root).setup()
        return str(caught.value)

    assert message(tmp_path / "no") == f"the data folder `{tmp_path}/no` does not exist: {WANTED}"
    assert message(tmp_path) == f"the data folder `{tmp_path}` is empty: {WANTED}"
    (tmp_path / "file.txt").touch()
    assert message(tmp_path / "file.txt") == f"the data folder `{tmp_path}/file.txt` is a file: {WANTED}"
    assert message(tmp_path) == f"the data folder `{tmp_path}` has no class folders: {WANTED}"
    (tmp_path / "a.png").touch()
    assert message(tmp_path) == f"the data folder `{tmp_path}` has images but no class folders: {WANTED}"
    write(tmp_path / "cat", 5)
    assert message(tmp_path) == f"the data folder `{tmp_path}` has one class, `cat`: at least two are needed"
    (tmp_path / "dog").mkdir()
    assert message(tmp_path) == f"the class folder `{tmp_path}/dog` has no images"
    (tmp_path / "dog" / "notes.txt").touch()
    assert message(tmp_path) == f"the class folder `{tmp_path}/dog` has no images"
    (tmp_path / "dog" / "notes.txt").unlink()
    (tmp_path / "dog").rmdir()
    write(tmp_path / "dog", 2)
    assert message(tmp_path) == (
        "class `dog` has 2 images: at least 3 are needed to cut test and val out of the training images"
    )


def test_a_class_that_training_never_sees_is_told(tmp_path):
    for name in ("cat", "dog"):
        write(tmp_path / "train" / name, 4)
    write(tmp_path / "val" / "horse", 1)
    with pytest.raises(ZooError, match=r"class `horse` is in `.*/val` but not in `.*/train`"):
        build(tmp_path).setup()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_size": 0}, "`data.image_size` (=0) must be positive"),
        ({"crop_ratio": 1.5}, "`data.crop_ratio` (=1.5) must be above 0 and at most 1"),
        ({"channels": 4}, "`data.channels` (=4) must be 1 (grey) or 3 (colour)"),
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
def test_wrong_values_are_named(tmp_path, change, message):
    with pytest.raises(ZooError) as caught:
        build(tmp_path, **change)
    assert str(caught.value) == message


def test_paths_are_one_array(folder):
    files, _ = find_files(folder)
    assert isinstance(files["train"].paths, np.ndarray)
    assert files["train"].paths.dtype.kind == "S"


@pytest.mark.data
def test_real_photographs():
    root = DATA / "hymenoptera"
    if not root.is_dir():
        pytest.skip(f"no hymenoptera in {DATA}")
    data = build(root, image_size=32)
    assert data.card()["class_names"] == ["ants", "bees"]
    assert len(data.dataset("train")) + len(data.dataset("test")) == 244
    assert len(data.dataset("val")) == 153


def test_it_knows_how_to_be_faster(folder, monkeypatch):
    monkeypatch.setattr("zoo.data.base.cores", lambda: 4)
    slow = build(folder, cache_mb=0, num_workers=1)
    slow.setup()
    assert slow.loading_advice() == [
        "data.cache_mb=1 decodes all images once and holds them in memory",
        "data.num_workers=4 reads with more processes (now 1)",
    ]
    assert "more cores than 4" in build(folder, cache_mb=0, num_workers=4).loading_advice()[1]
    assert build(folder, cache_mb=1).loading_advice() == []


def test_a_split_is_two_arrays_and_no_list_of_objects_that_workers_would_copy(folder):
    split = build(folder, cache_mb=0).dataset("train")
    held = [value for value in vars(split).values() if not isinstance(value, Path | bool) and not callable(value)]
    arrays = [array for value in held for array in (value if isinstance(value, tuple) else [value])]
    assert all(isinstance(array, np.ndarray | torch.Tensor) for array in arrays)
    assert split.files.paths.dtype.kind == "S"


@pytest.mark.slow
def test_ten_times_the_files_take_ten_times_the_bytes(tmp_path):
    sizes = []
    for count in (2_000, 20_000):
        for name in ("cat", "dog"):
            (tmp_path / f"{count}" / name).mkdir(parents=True)
            for number in range(count // 2):
                (tmp_path / f"{count}" / name / f"{number:06d}.jpg").touch()
        files, _ = find_files(tmp_path / f"{count}")
        sizes.append(files["train"].paths.nbytes + files["train"].labels.nbytes)
    assert sizes[1] == 10 * sizes[0]
