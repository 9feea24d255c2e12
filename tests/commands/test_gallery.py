"""`zoo-gallery` from photographs to names, with a network that separates colors."""

import json
import re

import pytest
import torch
from PIL import Image

from zoo.run.create import create_model
from zoo.tasks.base import CHECKPOINT_FORMAT


@pytest.fixture
def checkpoint(tmp_path):
    """An untrained siamese network with a threshold: images that are equal are the same person."""
    torch.manual_seed(0)
    task = create_model("siamese", in_channels=1)
    for _ in range(3):  # running statistics of batch normalization
        task.train().network(torch.randn(32, 1, 32, 32))
    task.threshold.fill_(0.05)
    preprocessing = {"size": 32, "channels": 1, "mean": [0.5], "std": [0.25], "resize": "squash", "crop_ratio": 1.0}
    described = {
        "format": CHECKPOINT_FORMAT,
        "model": task.config,
        "card": {"preprocessing": preprocessing, "notes": []},
    }
    torch.save({"state_dict": task.state_dict(), "zoo": described}, tmp_path / "best.ckpt")
    return f"checkpoint={tmp_path / 'best.ckpt'}"


@pytest.fixture
def photos(tmp_path):
    """Three people with two almost equal images each, and a stranger."""
    generator = torch.Generator().manual_seed(0)
    for name in ("ann", "bob", "eve", "stranger"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        face = torch.rand(8, 8, generator=generator).repeat_interleave(4, 0).repeat_interleave(4, 1)
        for image in (1, 2):
            pixels = (face + 0.01 * torch.rand(32, 32, generator=generator)).clamp(0, 1) * 255
            Image.fromarray(pixels.to(torch.uint8).numpy()).save(tmp_path / "photos" / name / f"{image}.png")
    return tmp_path / "photos"


def test_the_whole_way(command, checkpoint, photos):
    ended = command("gallery", "enroll", checkpoint, "name=ann", f"source={photos / 'ann' / '1.png'}")
    assert ended.code == 0, ended.err
    assert "ann: 1 image enrolled\n1 person in people.gallery" in ended.out
    command("gallery", "enroll", checkpoint, "name=bob", f"source={photos / 'bob' / '1.png'}")

    ended = command("gallery", "enroll", checkpoint, "name=ann", f"source={photos / 'ann'}")
    assert "ann was enrolled already: 2 images added to 1" in ended.out
    assert command("gallery", "list").out == "ann: 3 images\nbob: 1 image\n2 people\n"

    ended = command("gallery", "verify", checkpoint, "name=bob", f"source={photos}")
    verdicts = [line.partition(" (")[0].partition(": ")[2] for line in ended.out.splitlines()[1:]]
    assert verdicts == ["is not bob"] * 2 + ["is bob"] * 2 + ["is not bob"] * 4

    ended = command("gallery", "identify", checkpoint, f"source={photos}")
    names = [line.partition(": ")[2].partition(" (")[0] for line in ended.out.splitlines()[2:10]]
    assert names == ["ann", "ann", "bob", "bob", *["not recognized"] * 4]
    assert "closest is" in ended.out.splitlines()[9]
    (written,) = ended.folder.rglob("predictions.json")
    assert [row["name"] for row in json.loads(written.read_text())] == ["ann", "ann", "bob", "bob", *[None] * 4]
    assert (written.parent / "contact_sheet.png").is_file()

    assert command("gallery", "remove", "name=ann").out == "ann: 3 images removed, 1 person left\n"
    ended = command("gallery", "identify", checkpoint, f"source={photos / 'ann'}")
    assert ended.out.count("not recognized (closest is bob") == 2


def test_a_folder_for_each_name_and_a_warning_for_twins(command, checkpoint, photos):
    twin = photos / "twin"
    twin.mkdir()
    (twin / "1.png").write_bytes((photos / "eve" / "2.png").read_bytes())
    ended = command("gallery", "enroll", checkpoint, f"source={photos}")
    assert "5 people in people.gallery" in ended.out
    assert ended.out.count("warning: ") == 1
    assert "warning: eve and twin are closer (distance 0.0" in ended.out


def test_a_threshold_of_ones_own(command, checkpoint, photos):
    command("gallery", "enroll", checkpoint, "name=ann", f"source={photos / 'ann'}")
    strict = command("gallery", "identify", checkpoint, f"source={photos / 'bob' / '1.png'}", "threshold=4")
    assert "bob/1.png: ann (" in strict.out


@pytest.mark.parametrize(
    ("action", "threshold"),
    [("enroll", "abc"), ("verify", "nan"), *(("identify", word) for word in ("abc", "nan", "inf", "true"))],
)
def test_a_threshold_is_a_finite_number(command, checkpoint, photos, action, threshold):
    if action != "enroll":
        command("gallery", "enroll", checkpoint, "name=ann", f"source={photos / 'ann'}")
    ended = command("gallery", action, checkpoint, "name=ann", f"source={photos / 'ann'}", f"threshold={threshold}")
    assert ended.code == 2
    assert re.search(r"`threshold` \(=\w+\) must be a (finite )?number", ended.err)
    assert (ended.folder / "people.gallery").exists() == (action != "enroll")


def test_enrolling_needs_no_threshold(command, checkpoint, photos, tmp_path):
    content = torch.load(tmp_path / "best.ckpt", weights_only=True)
    content["state_dict"]["threshold"].fill_(float("-inf"))
    torch.save(content, tmp_path / "best.ckpt")
    ended = command("gallery", "enroll", checkpoint, f"source={photos}")
    assert ended.code == 0, ended.err
    assert "nobody was compared with the others: the checkpoint holds no threshold" in ended.out
    assert "4 people in people.gallery" in ended.out


def test_nobody_in_a_folder_is_left_out_silently(command, checkpoint, photos):
    (photos / "eve").rename(photos / "__eve")
    assert "__eve: 2 images enrolled" in command("gallery", "enroll", checkpoint, f"source={photos}").out
    (photos / "ann" / "1.png").rename(photos / "loose.png")
    ended = command("gallery", "enroll", checkpoint, f"source={photos}")
    assert (ended.code, f"`source` (={photos}) has loose.png beside its folders" in ended.err) == (2, True)
    (photos.parent / "bare" / ".git").mkdir(parents=True)
    ended = command("gallery", "enroll", checkpoint, f"source={photos.parent / 'bare'}")
    assert f"`source` (={photos.parent / 'bare'}) has no folders" in ended.err


@pytest.mark.parametrize(("folder", "kind"), [("1_000", "int"), ("1e3", "float"), ("true", "bool")])
def test_names_that_read_as_numbers_are_quoted(command, checkpoint, photos, folder, kind):
    (photos / "ann").rename(photos / folder)
    command("gallery", "enroll", checkpoint, f"source={photos}")
    for words in (["enroll"], ["verify"], ["remove"]):
        ended = command("gallery", *words, checkpoint, f"source={photos / folder}", f"name={folder}")
        assert ended.code == 2
        assert f"was read as {kind}, not as text: quote it twice, as in \"name='…'\"" in ended.err
    assert f"{folder}: 2 images removed" in command("gallery", "remove", f"name='{folder}'").out


def test_images_that_cannot_be_read(command, checkpoint, photos):
    (photos / "ann" / "3.png").write_bytes(b"no image")
    ended = command("gallery", "enroll", checkpoint, "name=ann", f"source={photos / 'ann'}")
    assert ended.code == 2
    assert "3.png: the content is not that of a known image format; nobody was enrolled" in ended.err
    assert not (ended.folder / "people.gallery").exists()
    command("gallery", "enroll", checkpoint, "name=bob", f"source={photos / 'bob'}")
    ended = command("gallery", "identify", checkpoint, f"source={photos / 'ann'}")
    assert ended.code == 0
    assert "3.png: cannot be embedded: the content is not that of a known image format" in ended.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["identify", "CHECKPOINT", "source=photos"], "gallery=people.gallery does not exist: enroll somebody first"),
        (["enroll", "name=ann", "source=photos"], "`checkpoint` is not given"),
        (["enroll", "CHECKPOINT", "name=ann"], "`source` is not given"),
        (["enroll", "CHECKPOINT", "name=ann", "source=none"], "source=none does not exist"),
        (
            ["enroll", "CHECKPOINT", "source=photos/ann"],
            "`name` is not given: add name=… or give a source with a folder",
        ),
        (["verify", "CHECKPOINT", "source=photos", "name=zed"], "name=zed is not enrolled; enrolled: nobody"),
        (["verify", "CHECKPOINT", "source=photos"], "`name` is not given: add name=… of the person"),
        (["list"], "people.gallery does not exist"),
        (["list", "gallery=1e3"], "`gallery` (=1000.0) was read as float"),
        ([], "give an action, as in "),
        (["action=greet"], "unknown action `greet`"),
        (["verfy"], "unknown action `verfy`: did you mean `verify`"),
    ],
)
def test_mistakes(command, checkpoint, photos, words, message):
    ended = command("gallery", *[checkpoint if word == "CHECKPOINT" else word for word in words])
    assert ended.code == 2
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_a_model_of_another_kind(command, tmp_path, photos):
    task = create_model("lenet5")
    described = {"format": CHECKPOINT_FORMAT, "model": task.config, "card": {}}
    torch.save({"state_dict": task.state_dict(), "zoo": described}, tmp_path / "lenet.ckpt")
    ended = command("gallery", "enroll", f"checkpoint={tmp_path / 'lenet.ckpt'}", "name=ann", f"source={photos}")
    assert ended.code == 2
    assert "is a classification model; a gallery needs an embedding model" in ended.err
