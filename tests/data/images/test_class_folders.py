import os
from pathlib import Path

import numpy as np
import pytest
from image_folders import build, write

from zoo.data.class_folders import find_files
from zoo.data.images.files import IMAGES
from zoo.errors import ZooError

LAYOUT = "data.root=FOLDER must hold a folder of images for each class, or train/ val/ test/ with such folders"


def test_a_class_may_be_called_train(tmp_path):
    write(tmp_path / "train", 5)
    write(tmp_path / "bus", 5)
    assert build(tmp_path).card()["class_names"] == ["bus", "train"]


def test_hidden_folders_are_not_classes(folder):
    write(folder / "__unknown__", 5)
    for name in (".git", "__MACOSX", "__pycache__"):
        (folder / name).mkdir()
    assert build(folder).card()["class_names"] == ["__unknown__", "a dog é", "cat"]


def test_a_missing_or_wrong_folder_is_refused(tmp_path):
    def message(root: Path) -> str:
        with pytest.raises(ZooError) as caught:
            build(root).setup()
        return str(caught.value)

    assert message(tmp_path / "no") == f"the data folder `{tmp_path}/no` does not exist: {LAYOUT}"
    assert message(tmp_path) == f"the data folder `{tmp_path}` is empty: {LAYOUT}"
    (tmp_path / "file.txt").touch()
    assert message(tmp_path / "file.txt") == f"the data folder `{tmp_path}/file.txt` is a file: {LAYOUT}"
    assert message(tmp_path) == f"the data folder `{tmp_path}` has no class folders: {LAYOUT}"
    (tmp_path / "a.png").touch()
    assert message(tmp_path) == f"the data folder `{tmp_path}` has images but no class folders: {LAYOUT}"
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


def test_a_class_without_training_images_is_refused(tmp_path):
    for name in ("cat", "dog"):
        write(tmp_path / "train" / name, 4)
    write(tmp_path / "val" / "horse", 1)
    with pytest.raises(ZooError, match=r"class `horse` is in `.*/val` but not in `.*/train`"):
        build(tmp_path).setup()


def test_paths_are_one_array_of_bytes(folder):
    files, _ = find_files(folder, IMAGES)
    assert isinstance(files["train"].paths, np.ndarray)
    assert files["train"].paths.dtype.kind == "S"


@pytest.mark.slow
def test_memory_is_proportional_to_the_number_of_files(tmp_path):
    sizes = []
    for count in (2_000, 20_000):
        for name in ("cat", "dog"):
            (tmp_path / f"{count}" / name).mkdir(parents=True)
            for number in range(count // 2):
                (tmp_path / f"{count}" / name / f"{number:06d}.jpg").touch()
        files, _ = find_files(tmp_path / f"{count}", IMAGES)
        sizes.append(files["train"].paths.nbytes + files["train"].labels.nbytes)
    assert sizes[1] == 10 * sizes[0]


def touch(root: Path, *names: str) -> Path:
    """Empty files, of which the names alone count."""
    for name in names:
        path = Path(os.fsdecode(os.fsencode(root) + b"/" + name.encode("utf-8", "surrogateescape")))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def both(*splits: str) -> list[str]:
    return [f"{split}/{name}/{number}.png" for split in splits for name in ("cat", "dog") for number in range(2)]


@pytest.mark.parametrize(
    "splits",
    [
        ("Training", "Testing"),
        ("train", "Test"),
        ("TRAIN", "TEST", "VAL"),
        ("training_set", "test_set"),
        ("Train Data", "test-images", "ValidationSet"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("train", "dev"),
        ("train2017", "val2017"),
        ("trainA", "testA"),
        ("train_small", "x-test (1)"),
        ("train/images", "test/images"),
    ],
)
def test_splits_may_have_any_usual_name(tmp_path, caplog, splits):
    files, names = find_files(touch(tmp_path, *both(*splits)), IMAGES)
    assert names == ["cat", "dog"]
    assert len(files) == len(splits)
    assert {len(found.paths) for found in files.values()} == {4}
    assert caplog.messages[0].startswith("splits: ")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["train/1.png", "test/1.png"], "has the split folders `test`, `train`, and no training folder that holds"),
        (["Training/1.png", "Testing/1.png"], "has the split folders `Testing`, `Training`"),
        (both("val", "test"), "has the split folders `test`, `val`, and no training folder"),
        (["cat/1.png", "dog/1.png", "Testing/1.png"], "`Testing`, which names a split, beside `cat`, `dog`"),
        (["cat/1.png", "dog/1.png", "valid/cat/1.png"], "`valid`, which names a split, beside `cat`, `dog`"),
        ([*both("train"), "bus/cam1/1.png"], "`train`, which may be a split or a class, beside `bus`"),
        (both("train", "unseen"), "beside `unseen`: .*; if `unseen` is a split, too, rename it to val or test"),
        (both("train2014", "train2017", "val2017"), "has `train2014`, `train2017`, and each is a train folder"),
        (["trainA/1.png", "testA/1.png"], "has the split folders `testA`, `trainA`"),
        ([*both("train"), "test/Cat/1.png"], "class `Cat` is in .*, which has `cat`: give both one name"),
        (both("archive/training_set", "archive/test_set"), "has one class, `archive`: "),
        (both("archive/photos"), "has one class, `archive`: .* give data.root=.*/archive/photos"),
        (both("train", "Training"), "has `Training`, `train`, and each is a train folder"),
        (both("set"), r"has one class, `set`: at least two are needed; if it holds the classes, give data.root=.*/set"),
        (["u\u0308/1.png", "\u00fc/1.png"], "has two folders that read `\u00fc`, in different characters"),
        (["cat/Train/1.png", "cat/Test/1.png", "dog/Train/1.png"], "`.*/cat` holds the split folders `Test`, `Train`"),
        (["Testing/cat/1.png"], "has the folder `Testing` alone, which names a split: move its class folders into"),
        (
            ["train/M\udcfcll/1.png", "train/x/1.png", "val/M\u00fcll/1.png"],
            r"which has `M\\xfcll`: give both one name",
        ),
    ],
)
def test_folders_that_may_be_splits_or_classes_are_refused(tmp_path, names, message):
    with pytest.raises(ZooError, match=message):
        find_files(touch(tmp_path, *names), IMAGES)


def test_classes_may_have_the_word_of_a_split_in_their_names(tmp_path, caplog):
    _, names = find_files(
        touch(tmp_path, "train station/1.png", "bus stop/1.png", "test2/1.png", "test3/1.png"), IMAGES
    )
    assert names == ["bus stop", "test2", "test3", "train station"]


def test_what_systems_leave_behind_is_not_read(tmp_path, caplog):
    litter = [
        "@eaDir/cat/1.png",
        "#recycle/1.png",
        "$RECYCLE.BIN/1.png",
        "~snapshot/1.png",
        "System Volume Information/1.png",
    ]
    litter += ["@SynoDrive/1.png", "RECYCLED/1.png", "DfsrPrivate/1.png"]
    litter += [f"cat/{name}" for name in ("@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg", ".@__thumb/s1.png", "Thumbs.db")]
    files, names = find_files(touch(tmp_path, *litter, "lost+found/1.png", "cat/1.png", "dog/1.png"), IMAGES)
    assert names == ["cat", "dog"]
    assert files["train"].paths.tolist() == [b"cat/1.png", b"dog/1.png"]
    assert not caplog.messages


def test_files_that_are_not_read_are_counted(tmp_path, caplog):
    unlabeled = [f"test/{number}.png" for number in range(3)]
    names = [*both("train"), *unlabeled, "pred/1.png", "train/loose.png", "train/cat/a.HEIC", "train/cat/b.heic"]
    files, _ = find_files(touch(tmp_path, *names, "docs/readme.md"), IMAGES)
    assert list(files) == ["train"]
    assert caplog.messages == [
        f"not read: {tmp_path}/test has 3 images and no class folders",
        f"not read: {tmp_path}/pred with 1 images",
        "not read: 3 files that are no images in a class folder: .heic (2), train/loose.png (1)",
    ]


def test_class_names_are_composed_unicode_in_every_split(tmp_path):
    files, names = find_files(
        touch(tmp_path, "train/u\u0308/1.png", "train/b\udcfc/1.png", "test/\u00fc/1.png"), IMAGES
    )
    assert names == [r"b\xfc", "\u00fc"]  # a name in Latin-1 has no letters in UTF-8
    assert [found.labels.tolist() for found in files.values()] == [[1], [0, 1]]


def test_a_folder_with_the_sign_of_a_storage_box_is_not_read_and_named(tmp_path, caplog):
    _, names = find_files(touch(tmp_path, "@home/1.png", "@/1.png", "dog/1.png", "~a/1.png", "@void/a.txt"), IMAGES)
    assert names == ["@", "dog", "~a"]
    (line,) = caplog.messages
    assert line.startswith(f"not read: `{tmp_path}/@home` with 1 images: storage boxes")


def test_thumbnails_are_not_read_beside_their_images(tmp_path, caplog):
    names = ["cat/1.png", "cat/thumbs/1.png", "cat/a/Thumbnails/2.png", "thumbs/1.png", "dog/thumbs/3.png"]
    files, classes = find_files(touch(tmp_path, *names), IMAGES)
    assert classes == ["cat", "dog", "thumbs"]
    assert files["train"].paths.tolist() == [b"cat/1.png", b"dog/thumbs/3.png", b"thumbs/1.png"]
    assert caplog.messages == ["not read: 2 files that are no images in a class folder: thumbnails (2)"]


def test_folders_that_all_hold_the_same_folders_are_named(tmp_path, caplog):
    _, names = find_files(touch(tmp_path, *both("fold_1", "fold_2")), IMAGES)
    assert names == ["fold_1", "fold_2"]
    assert caplog.messages[0].startswith(
        "read as classes: `fold_1`, `fold_2`, which all hold the folders `cat`, `dog`;"
    )


def test_classes_of_nearly_one_name_are_named(tmp_path, caplog):
    _, names = find_files(touch(tmp_path, "Cat/1.png", "cat /1.png", "dog/1.png"), IMAGES)
    assert names == ["Cat", "cat ", "dog"]
    assert caplog.messages == ["`Cat` and `cat ` are read as two classes: if they are one, join their folders"]


@pytest.mark.parametrize(
    ("names", "link", "target"),
    [
        (["cat/1.png", "dog/1.png"], "cat/up", "."),
        (["cat/1.png", "dog/1.png"], "kitten", "cat"),
        (["train/cat/1.png", "train/dog/1.png"], "test", "train"),
        ([*both("train"), "val/dog/1.png"], "val/cat", "train/cat"),
    ],
)
def test_one_folder_in_two_splits_or_classes_is_refused(tmp_path, names, link, target):
    (touch(tmp_path, *names) / link).symlink_to(tmp_path / target)
    with pytest.raises(ZooError, match="are one folder by a symbolic link: remove one of them"):
        find_files(tmp_path, IMAGES)


def test_links_to_other_folders_are_followed(tmp_path):
    touch(tmp_path, "pool/a/1.png", "pool/b/1.png", "data/train/dog/1.png")
    (tmp_path / "data/train/cat").symlink_to(tmp_path / "pool/a")
    (tmp_path / "data/test").symlink_to(tmp_path / "pool")
    (tmp_path / "data/test/dog").symlink_to(tmp_path / "pool/b")
    with pytest.raises(ZooError, match="class `a` is in"):
        find_files(tmp_path / "data", IMAGES)
    (tmp_path / "data/test").unlink()
    files, names = find_files(tmp_path / "data", IMAGES)
    assert names == ["cat", "dog"]
    assert len(files["train"].paths) == 2
