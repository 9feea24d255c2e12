"""Folders of identities as disks and archives leave them: each is in one place, and what is left out is named."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from zoo.data.identities.folder import IdentityFolder
from zoo.errors import ZooError

NFC, NFD = (unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD"))


def touch(root, *names):
    rng = np.random.default_rng(0)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (8, 8), dtype=np.uint8)).save(root / name)
    return root


def folder(root):
    values = {"image_size": 8, "channels": 1, "resize": "squash", "val": 0.25, "test": 0.25, "batch_size": 6}
    values |= {"images_per_identity": 2, "steps_per_epoch": 2, "num_workers": 0, "seed": 0, "rotations_as_classes": 1}
    return IdentityFolder(root=str(root), augmentation=None, **values)


def read(root):
    return folder(root).read()


def people(*names, images: int = 2):
    return [f"{name}/{image}.png" for name in names for image in range(images)]


def everyone(splits) -> list[str]:
    return sorted(name for split in splits.values() for name in split.names)


def test_one_name_in_composed_and_decomposed_letters_is_refused(tmp_path):
    touch(tmp_path, *people(*"abcdef", NFC, NFD))
    with pytest.raises(ZooError, match=f"has two folders that read `{NFC}`, in different characters: join them"):
        read(tmp_path)


def test_one_person_in_two_splits_in_other_letters_is_refused(tmp_path):
    touch(tmp_path, *people("train/a", "train/b", f"train/{NFC}", "val/c", "val/d", "test/e", f"test/{NFD}"))
    with pytest.raises(ZooError, match=f"identity `{NFC}` is in both train and test"):
        folder(tmp_path).setup()


@pytest.mark.parametrize(
    ("names", "link", "target"),
    [
        (people(*"abcdefg"), "h", "b"),
        (people("train/a", "train/b", "val/c", "val/d", "test/e"), "test/f", "train/a"),
    ],
)
def test_one_person_by_two_names_of_a_link_is_refused(tmp_path, names, link, target):
    (touch(tmp_path, *names) / link).symlink_to(tmp_path / target)
    with pytest.raises(
        ZooError, match=r"`(h|train/a)` and `(b|test/f)` are one folder by a symbolic link: remove one of them"
    ):
        read(tmp_path)


def test_names_alike_in_capitals_are_named(tmp_path, caplog):
    splits = read(touch(tmp_path, *people(*"abcdef", "Ann", "ann ")))
    assert everyone(splits) == ["Ann", *"a", "ann ", *"bcdef"]
    assert caplog.messages == ["`Ann` and `ann ` are read as two identities: if they are one, join their folders"]


def test_thumbnails_and_other_files_are_counted_and_not_read(tmp_path, caplog):
    touch(tmp_path, *people(*"abcdef", "Thumbs", "@home"), "a/thumbs/0.png", "b/x/_thumbs/1.png")
    (tmp_path / "c" / "notes.txt").touch()
    splits = read(tmp_path)
    assert everyone(splits) == [*"abcdef"]
    assert sum(len(split.numbers) for split in splits.values()) == 12
    assert caplog.messages[:2] == [
        "not read: `Thumbs` with 2 thumbnails; if it is an identity, rename it",
        "not read: 3 files that are no images in a folder of an identity: thumbnails (2), .txt (1)",
    ]
    assert caplog.messages[2].startswith(f"not read: `{tmp_path}/@home` with 2 images: storage boxes")


def test_folders_without_images_are_named_and_take_no_place_in_a_split(tmp_path, caplog):
    touch(tmp_path, *people(*"abcdef"))
    expected = {name: split.names for name, split in read(tmp_path).items()}
    (tmp_path / "Ali").mkdir()
    (tmp_path / "empty").mkdir()
    assert {name: split.names for name, split in read(tmp_path).items()} == expected
    assert caplog.messages == ["no identities: folders without images: `Ali`, `empty`"]


def test_numbers_go_with_names_and_images(tmp_path):
    for number, name in enumerate("abcdef"):
        (tmp_path / name).mkdir()
        for image in range(2):
            Image.new("L", (8, 8), 40 * number).save(tmp_path / name / f"{image}.png")
    for split in read(tmp_path).values():
        found = [split.names[number] for number in split.numbers.tolist()]
        assert found == ["abcdef"[value // 40] for value in split.images[:, 0, 0, 0].tolist()]
