import logging

import pytest
import torch
from PIL import Image

from zoo.data.identities.augmentation import IdentityAugmentation
from zoo.data.identities.base import Identities, occurrence, rotated
from zoo.data.identities.digits import DigitsIdentities
from zoo.data.identities.folder import IdentityFolder
from zoo.errors import ZooError

COMMON = {
    "batch_size": 6,
    "images_per_identity": 3,
    "steps_per_epoch": 2,
    "num_workers": 0,
    "seed": 0,
    "rotations_as_classes": 1,
    "augmentation": None,
}


def digits(**changes):
    arguments = {"image_size": 16, "val": [5, 6], "test": [7, 8, 9], **COMMON}
    return DigitsIdentities(**(arguments | changes))


def folder(root, **changes):
    arguments = {"root": str(root), "image_size": 24, "channels": 1, "resize": "squash", "val": 0.25, "test": 0.25}
    return IdentityFolder(**(arguments | COMMON | changes))


@pytest.fixture
def people(tmp_path):
    """Eight people with four random images each."""
    torch.manual_seed(0)
    for person in range(8):
        (tmp_path / f"person {person}").mkdir()
        for image in range(4):
            pixels = (torch.rand(30, 20, 3) * 255).to(torch.uint8)
            Image.fromarray(pixels.numpy()).save(tmp_path / f"person {person}" / f"{image}.png")
    return tmp_path


def test_splits_have_different_digit_classes():
    data = digits()
    classes = {name: set(data.dataset(name).labels.tolist()) for name in ("train", "val", "test")}
    assert classes == {"train": {0, 1, 2, 3, 4}, "val": {5, 6}, "test": {7, 8, 9}}
    assert sum(len(data.dataset(name)) for name in classes) == 1797
    assert data.metadata() == {"in_channels": 1, "image_size": 16}
    assert data.card()["preprocessing"]["size"] == 16


def test_evaluation_batches_go_in_rounds_over_the_identities():
    labels = digits().dataset("test").labels
    assert occurrence(labels).diff().min() >= 0
    assert sorted(labels[:3].tolist()) == [7, 8, 9]


def test_rotations_are_new_identities():
    images = torch.arange(2 * 1 * 3 * 3, dtype=torch.uint8).view(2, 1, 3, 3)
    split = rotated(Identities(images=images, numbers=torch.tensor([0, 4]), names=["a", "b"]), 8)
    assert len(split.numbers.unique()) == len(set(split.names)) == 16
    assert torch.equal(split.images[2:4], images.rot90(1, (2, 3)))
    assert torch.equal(split.images[8:10], images.flip(3))
    assert len(split.images.flatten(1).unique(dim=0)) == 16
    assert len(digits(rotations_as_classes=4).dataset("train").labels.unique()) == 20


def test_normalized_batches_have_mean_zero():
    data = digits()
    images, _ = data.normalize(next(iter(data.loader("train"))))
    everything, _ = data.normalize((data.dataset("train").images, data.dataset("train").labels))
    assert images.shape == (6, 1, 16, 16)
    assert abs(everything.mean()) < 0.02
    assert everything.std() == pytest.approx(1, abs=0.02)


def test_identities_of_a_folder_are_split_at_random(people):
    data = folder(people)
    assert [len(data.dataset(name)) for name in ("train", "val", "test")] == [16, 8, 8]
    assert data.dataset("train").images.shape == (16, 1, 24, 24)
    assert data.notes[0] == "train: 16 images of 4 identities"


def test_folders_of_splits_are_kept(people, tmp_path_factory):
    root = tmp_path_factory.mktemp("split")
    for person, part in enumerate(["train"] * 4 + ["val"] * 2 + ["test"] * 2):
        (root / part).mkdir(exist_ok=True)
        (people / f"person {person}").rename(root / part / f"person {person}")
    assert len(folder(root).dataset("val")) == 8
    (root / "test" / "person 0").mkdir()
    Image.new("L", (9, 9)).save(root / "test" / "person 0" / "a.png")
    with pytest.raises(ZooError, match="identity `person 0` is in both train and test"):
        folder(root).setup()


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (["train", "test"], "has a folder test and lacks val: it must hold train, val and test alone"),
        (["train", "val", "test"], "has a folder test and has person 0 beside them: it must hold"),
    ],
)
def test_folders_of_splits_beside_identities_are_refused(people, folders, message):
    for name in folders:
        (people / name).mkdir()
    with pytest.raises(ZooError, match=message):
        folder(people).setup()


def test_only_hidden_folders_are_skipped(people):
    (people / "person 0").rename(people / "__eve")
    for name in (".git", "__MACOSX"):
        (people / name).mkdir()
    assert sum(len(data) for data in map(folder(people).dataset, ("train", "val", "test"))) == 32
    (people / "person 1" / "0.png").rename(people / "loose.png")
    with pytest.raises(ZooError, match=r"`data.root` \(=.*\) has loose.png beside its folders: move it into"):
        folder(people).setup()


def test_an_unreadable_image_is_named(people):
    (people / "person 3" / "2.png").write_bytes(b"no image")
    with pytest.raises(ZooError, match=r"person 3/2\.png`.*; mend or remove it"):
        folder(people).setup()


def test_identities_with_one_image_are_reported(people, caplog):
    for person in range(8):
        if person % 2:
            for image in (1, 2, 3):
                (people / f"person {person}" / f"{image}.png").unlink()
    with caplog.at_level(logging.WARNING):
        data = folder(people)
        alone = int((data.dataset("train").labels.bincount() == 1).sum())
    assert alone > 0
    assert f"{alone} training identities have a single image and are kept out of the triplets" in caplog.text


def test_duplicates_across_splits_are_reported(people, caplog):
    for person in range(8):
        (people / f"person {person}" / "0.png").write_bytes((people / "person 0" / "0.png").read_bytes())
    with caplog.at_level(logging.WARNING):
        folder(people).setup()
    assert "pairs of images in different splits look the same" in caplog.text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: folder(root / "none"), r"`data.root` \(=.*none\) does not exist"),
        (lambda root: folder(root), "has no folders; it must have a folder of images for each identity"),
        (lambda root: digits(rotations_as_classes=3), r"`data.rotations_as_classes` \(=3\) must be 1, 4 or 8"),
        (lambda root: digits(val=[5, 10]), r"`data.val` \(=\[5, 10\]\) must be digits from 0 to 9"),
        (lambda root: digits(val=[1, 1]), r"`data.val` \(=\[1, 1\]\) must be digits from 0 to 9, each once"),
        (lambda root: digits(val=[5, 7]), "identity `7` is in both val and test"),
        (lambda root: digits(image_size=4), r"`data.image_size` \(=4\) must be at least 8"),
        (lambda root: digits(test=[9]), "the test split has 1 identities; telling apart needs at least two"),
    ],
)
def test_invalid_input_is_refused(make, message, tmp_path):
    with pytest.raises(ZooError, match=message):
        make(tmp_path).setup()


def test_without_augmentation_images_are_unchanged():
    nothing = {"degrees": 0, "translate": 0, "scale": 0, "shear": 0, "warp": 0, "lighting": 0}
    images = torch.rand(4, 1, 12, 10)
    same, _ = IdentityAugmentation(**nothing, mirror=False)(images, torch.arange(4))
    torch.testing.assert_close(same, images, atol=1e-5, rtol=1e-5)
    torch.manual_seed(0)
    mirrored, _ = IdentityAugmentation(**nothing, mirror=True)(images, torch.arange(4))
    for before, after in zip(images, mirrored, strict=True):
        assert any(torch.allclose(after, choice, atol=1e-5) for choice in (before, before.flip(2)))


@pytest.mark.parametrize("name", ["degrees", "translate", "scale", "shear", "warp", "lighting"])
def test_each_amount_is_drawn_per_image(name):
    amounts = {"degrees": 0.0, "translate": 0.0, "scale": 0.0, "shear": 0.0, "warp": 0.0, "lighting": 0.0}
    strength = 20.0 if name in ("degrees", "shear") else 0.2
    images = torch.rand(1, 1, 16, 16).expand(4, -1, -1, -1)
    varied, _ = IdentityAugmentation(**(amounts | {name: strength}), mirror=False)(images, torch.arange(4))
    assert len(varied.flatten(1).unique(dim=0)) == 4
    assert torch.isfinite(varied).all()
    with pytest.raises(ZooError, match=f"`data.augmentation.{name}` \\(=-1\\)"):
        IdentityAugmentation(**(amounts | {name: -1}), mirror=False)
