import io
import itertools
import os
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from zoo.data.identities.omniglot import Omniglot
from zoo.errors import ZooError
from zoo.ops.identities import PER_GROUP

REAL = Path(os.environ.get("ZOO_TEST_DATA", Path(__file__).parents[3] / "../shared/data")) / "omniglot"


def png(seed):
    pixels = torch.rand(20, 20, generator=torch.Generator().manual_seed(seed)) > 0.5
    buffer = io.BytesIO()
    Image.fromarray((pixels * 255).to(torch.uint8).numpy()).convert("1").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def archives(tmp_path):
    """Three alphabets of three characters, one of them in both sets, and two runs of two characters."""
    seeds = itertools.count(100)
    for number, alphabets in ((1, ("Greek", "Latin")), (2, ("Latin", "Tagalog"))):
        with zipfile.ZipFile(tmp_path / f"images_background_small{number}.zip", "w") as archive:
            for alphabet in alphabets:
                for character in range(3):
                    for drawer in range(4):
                        name = f"small{number}/{alphabet}/character0{character}/{drawer}.png"
                        archive.writestr(name, png(next(seeds)))
    with zipfile.ZipFile(tmp_path / "all_runs.zip", "w") as archive:
        for run in ("run01", "run02"):
            lines = [f"{run}/test/item0{i}.png {run}/training/class0{3 - i}.png" for i in (1, 2)]
            archive.writestr(f"{run}/class_labels.txt", "\n".join(lines) + "\n")
            for i in (1, 2):
                archive.writestr(f"{run}/test/item0{i}.png", png(i))
                archive.writestr(f"{run}/training/class0{i}.png", png(10 + i))
    return tmp_path


def omniglot(root, **changes):
    arguments = {
        "root": str(root),
        "sets": ["images_background_small1", "images_background_small2"],
        "val": ["Tagalog"],
        "image_size": 16,
        "batch_size": 8,
        "images_per_identity": 2,
        "steps_per_epoch": 1,
        "num_workers": 0,
        "seed": 0,
        "rotations_as_classes": 4,
        "augmentation": None,
    }
    return Omniglot(**(arguments | changes))


def test_characters_are_read_once_and_rotations_quadruple_them(archives):
    data = omniglot(archives)
    assert len(data.dataset("train").labels.unique()) == 6 * 4  # Greek and Latin
    assert len(data.dataset("train")) == 6 * 4 * 4
    assert len(data.dataset("val").labels.unique()) == 3


def test_a_run_is_a_group_that_starts_with_the_enrolled_images(archives):
    split = omniglot(archives).dataset("test")
    assert split.labels.tolist() == [0, 1, PER_GROUP, PER_GROUP + 1] * 2
    drawn = Image.open(io.BytesIO(png(12))).convert("L")
    white_on_black = 255 - torch.frombuffer(bytearray(drawn.tobytes()), dtype=torch.uint8)
    enrolled = omniglot(archives, image_size=20).dataset("test").images[0].flatten()
    assert torch.equal(enrolled, white_on_black)  # item01 is of class02


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"val": ["Elvish"]}, "`data.val` names Elvish; the alphabets are: Greek, Latin, Tagalog"),
        ({"val": []}, "`data.val` leaves no alphabet to train on, or names none"),
        ({"sets": ["images_background"]}, "has no images_background.zip"),
        ({"root": "/none"}, r"`data.root` \(=/none\) has no images_background_small1.zip"),
    ],
)
def test_invalid_options_are_refused(archives, change, message):
    with pytest.raises(ZooError, match=message):
        omniglot(**({"root": archives} | change)).setup()


def test_a_damaged_archive_is_refused(archives):
    (archives / "all_runs.zip").write_bytes((archives / "all_runs.zip").read_bytes()[:200])
    with pytest.raises(ZooError, match=r"all_runs\.zip is no whole zip archive; load it anew"):
        omniglot(archives).setup()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, r"all_runs\.zip holds no run, none with a class_labels\.txt"),
        ({"run01/class_labels.txt": "a.png b.png c.png"}, "has a line that is not two names: a.png b.png c.png"),
    ],
)
def test_an_archive_without_runs_is_refused(archives, members, message):
    with zipfile.ZipFile(archives / "all_runs.zip", "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    with pytest.raises(ZooError, match=message):
        omniglot(archives).setup()


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_dir(), reason="no Omniglot here")
def test_reads_the_published_sets():
    data = omniglot(REAL, image_size=28)
    assert len(data.dataset("train")) + 4 * len(data.dataset("val")) == 4 * 242 * 20
    test = data.dataset("test")
    assert len(test) == 20 * 40
    assert torch.equal(test.labels[:400].sort().values, test.labels[400:].sort().values)
