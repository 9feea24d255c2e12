"""Every mistake that a stranger is likely to make ends in one line and exit code 2."""

import errno
import json
import os
import urllib.request
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image

QUICK = ["trainer.max_epochs=1", "trainer=cpu", "baselines=false"]
FOLDER = ["data=image_folder", "data.image_size=32", "data.root=pets", "data.num_workers=0", *QUICK]
WANTED = "data.root=FOLDER must hold a folder of images for each class, or train/ val/ test/ with such folders"
RNG = np.random.default_rng(0)


@pytest.fixture
def refused(command):
    """Runs a command that must fail and gives its one line; `train` unless told otherwise."""

    def run(*words: str, name: str = "train") -> str:
        ended = command(name, *words)
        assert ended.code == 2, ended.out + ended.err
        lines = ended.err.splitlines()
        assert len(lines) == 1, ended.err
        assert lines[0].startswith(f"zoo-{name}: ")
        return lines[0].removeprefix(f"zoo-{name}: ")

    return run


def write(folder: Path, count: int = 6) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(RNG.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(folder / f"{number}.jpg")


@pytest.fixture
def pets(tmp_path):
    write(tmp_path / "pets" / "cat")
    write(tmp_path / "pets" / "dog")
    return tmp_path / "pets"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


# Words of the command line


@pytest.mark.parametrize(
    ("model", "data", "task", "feeds"),
    [
        ("gru", "digits", "forecasting", "classification and embedding"),
        ("resnet18", "waves", "classification", "forecasting"),
        ("lenet5", "digit_scenes", "classification", "detection"),
        ("lenet5", "digits_identities", "classification", "embedding"),
        ("yolo", "digit_corners", "detection", "landmarks"),
    ],
)
def test_data_for_another_task(refused, model, data, task, feeds):
    line = refused(f"model={model}", f"data={data}", *QUICK)
    assert line.startswith(f"model={model} does {task}, and data={data} is for {feeds}: ")


def test_a_siamese_network_reads_labelled_images_too(command):
    ended = command("train", "model=siamese", "data=digits", *QUICK)
    assert ended.code == 0, ended.err


def test_evaluating_on_data_for_another_task(command, refused):
    run = command("train", *QUICK).run
    line = refused(f"checkpoint={run}/checkpoints/best.ckpt", "data=waves", name="evaluate")
    assert line.startswith("model=lenet5 does classification, and data=waves is for forecasting: ")


def test_arguments_of_another_kind_than_their_class_says(refused):
    line = refused("model=vgg11", "+model.network.dropout=abc", *QUICK)
    assert line == "`model.network.dropout` (=abc) must be a number"
    assert refused("data.batch_size=2.5", *QUICK) == "`data.batch_size` (=2.5) must be a whole number, such as 32"


def test_unknown_model(refused):
    line = refused("model=resnet5")
    assert line.startswith("unknown model `resnet5`: did you mean `resnet50`? there are: alexnet, ")
    assert ", lenet5, " in line


@pytest.mark.parametrize("word", ["trainer.max_epoch=3", "+trainer.max_epoch=3"])
def test_unknown_key(refused, word):
    line = refused(word)
    assert line.startswith("unknown key `trainer.max_epoch`: did you mean `trainer.max_epochs`? there are: trainer.")


def test_unknown_group(refused):
    line = refused("modle=vgg16")
    assert line.startswith("unknown key `modle`: did you mean `model`? there are: ")
    assert ", optimizer, " in line


def test_a_default_that_no_file_names_needs_a_plus(refused):
    line = refused("model.network.activation=relu")
    assert line == (
        "`model.network.activation` is not in the configuration yet: add it with a plus, +model.network.activation=relu"
    )


def test_features_that_a_network_has_not_and_that_a_classifier_cannot_use(refused):
    line = refused("model=resnet18", "+model.network.features=[layer9]", *QUICK)
    assert line.startswith("`features` (=['layer9']) must name layers from: stem, conv1, ")
    line = refused("model=resnet18", "+model.network.features=[layer3]", "data.image_size=32", *QUICK)
    assert line == "`features` makes the network give maps of its layers, and a classifier needs its logits"


def test_a_group_without_an_option(refused):
    line = refused("pretrained=null", "finetune=null", "experiment=finetune_lite0", "data.root=pets")
    assert line == "`finetune` (=null): a group takes the name of an option: full, gradual, head, none"


# Folders of images


def test_no_folder_given(refused):
    assert refused("data=image_folder") == "`data.root` is not given: add data.root=… to the command"


def test_folders_that_are_not_as_they_must_be(refused, tmp_path):
    assert refused(*FOLDER) == f"the data folder `pets` does not exist: {WANTED}"
    (tmp_path / "pets").mkdir()
    assert refused(*FOLDER) == f"the data folder `pets` is empty: {WANTED}"
    write(tmp_path / "pets" / "cat")
    assert refused(*FOLDER) == "the data folder `pets` has one class, `cat`: at least two are needed"
    (tmp_path / "pets" / "dog").mkdir()
    assert refused(*FOLDER) == "the class folder `pets/dog` has no images"
    assert not (tmp_path / "runs").exists() or not any((tmp_path / "runs").rglob("metrics.csv"))


HUGE = "more than 89,478,485 pixels, the guard against decompression bombs"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cut.jpg", None, "the file is truncated"),
        ("empty.jpg", b"", "the file is empty (zero bytes)"),
        ("text.png", b"no picture", "the content is not that of a known image format"),
        ("huge.png", "huge", HUGE),
    ],
)
@pytest.mark.parametrize("cache", ["data.cache_mb=256", "data.cache_mb=0"])
def test_broken_images_are_named_in_training(refused, pets, name, content, reason, cache):
    broken = pets / "dog" / name
    if content == "huge":
        Image.new("1", (20_000, 20_000)).save(broken)
    elif content is None:
        Image.fromarray(RNG.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(broken)
        cut(broken)
    else:
        broken.write_bytes(content)
    way_on = "data.on_error=skip leaves such files out"
    assert refused(*FOLDER, cache) == f"cannot read the image `pets/dog/{name}`: {reason}; {way_on}"


def test_broken_images_are_left_out_and_counted_on_request(command, pets, caplog):
    cut(pets / "dog" / "3.jpg")
    Image.new("RGB", (1, 1)).save(pets / "dog" / "dot.png")  # a picture all the same
    ended = command("train", *FOLDER, "data.on_error=skip")
    assert ended.code == 0, ended.err
    assert "left out 1 of 13 images that cannot be read: pets/dog/3.jpg: the file is truncated" in caplog.text


# Data sets that are downloaded


def test_download_forbidden(refused):
    line = refused("data=mnist", "data.download=false", "data.root=nowhere")
    assert line.startswith("MNIST is not in `nowhere/MNIST/raw` (no train-images-idx3-ubyte")
    assert line.endswith("give data.root=FOLDER where its files are, or data.download=true to fetch them")


def test_download_failed(refused, monkeypatch):
    def no_network(*args, **kwargs):
        raise URLError("no route to some.host")

    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    assert refused("data=cifar10", "data.root=nowhere") == (
        "CIFAR10 is not in `nowhere/cifar-10-batches-py` and could not be downloaded: try again with a network, or "
        "bring its files from elsewhere and give data.root=FOLDER data.download=false"
    )


# Checkpoints


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run of one epoch, made once."""
    from zoo.config.compose import compose, to_dict
    from zoo.run.train import train

    run = tmp_path_factory.mktemp("trained") / "runs" / "lenet5-digits" / "1"
    words = [*QUICK, f"runs={run.parents[1]}"]
    config = to_dict(compose(words))
    config.pop("hydra", None)
    train(config, run, model="lenet5", data="digits")
    return run / "checkpoints" / "last.ckpt"


def test_a_checkpoint_of_another_model(refused, trained):
    line = refused("model=resnet18", f"resume={trained}", *QUICK)
    assert line.startswith(f"resume={trained}: a checkpoint of another model; its `model.network._target_` is ")
    line = refused("model=resnet18", f"pretrained={trained}", *QUICK)
    assert line.startswith("last.ckpt (lenet5) does not fit ResNet: conv1.weight 64×")


def test_a_finished_run(refused, trained):
    assert refused(f"resume={trained}", *QUICK) == (
        f"resume={trained}: that run is finished, epoch 1 of 1; to train on, raise trainer.max_epochs above 1"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("predict", ["checkpoint=cut.ckpt", "source=pets"]),
        ("evaluate", ["checkpoint=cut.ckpt"]),
        ("train", ["resume=cut.ckpt", *QUICK]),
        ("train", ["pretrained=cut.ckpt", *QUICK]),
    ],
)
def test_a_truncated_checkpoint(refused, trained, tmp_path, pets, name, words):
    (tmp_path / "cut.ckpt").write_bytes(trained.read_bytes()[:5000])
    assert refused(*words, name=name) == "cut.ckpt cannot be read: it is cut short or damaged"


class Hostile:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("predict", ["checkpoint=hostile.ckpt", "source=pets"]),
        ("evaluate", ["checkpoint=hostile.ckpt"]),
        ("train", ["resume=hostile.ckpt", *QUICK]),
        ("train", ["pretrained=hostile.ckpt", *QUICK]),
    ],
)
def test_a_pickle_that_would_run_code_does_not(refused, tmp_path, pets, name, words, zipped):
    content = {"zoo": Hostile(tmp_path / "it-ran")}
    torch.save(content, tmp_path / "hostile.ckpt", _use_new_zipfile_serialization=zipped)
    line = refused(*words, name=name)
    assert line == "hostile.ckpt is refused: it is no checkpoint, or holds code instead of weights"
    assert not (tmp_path / "it-ran").exists()
    torch.load(tmp_path / "hostile.ckpt", weights_only=False)
    assert (tmp_path / "it-ran").exists(), "the file is not as hostile as it should be"


def test_missing_files(refused, trained, pets):
    assert refused("checkpoint=none.ckpt", "source=pets", name="predict") == "none.ckpt does not exist"
    assert refused(f"checkpoint={trained}", "source=none", name="predict") == "source=none does not exist"
    line = refused(f"checkpoint={trained}", name="predict")
    assert line == "`source` is not given: add source=… to the command"
    line = refused(f"checkpoint={trained}", "source=pets", "batch_size=x", name="predict")
    assert line == "`batch_size` (=x) must be a whole number"
    line = refused(f"checkpoint={trained}", "source=pets", "horizon=3", name="predict")
    assert line == "`horizon` means nothing to a classification model; it takes: batch_size, tta"
    line = refused(f"checkpoint={trained}", "nms=true", name="export")
    assert line == "`nms` means nothing to a classification model; it takes: no options"
    line = refused(f"chekpoint={trained}", "source=pets", name="predict")
    assert line == "unknown key `chekpoint`: did you mean `checkpoint`?"


# Prediction goes on


def test_broken_images_are_a_line_of_the_results_of_a_prediction(command, trained, pets):
    cut(pets / "cat" / "0.jpg")
    (pets / "cat" / "1.jpg").write_bytes(b"")
    (pets / "cat" / "text.png").write_text("no picture")
    Image.new("RGB", (1, 1)).save(pets / "dot.png")
    Image.new("1", (20_000, 20_000)).save(pets / "huge.png")
    ended = command("predict", f"checkpoint={trained}", "source=pets", "hydra.run.dir=out")
    assert ended.code == 0, ended.err
    assert "15 results, 4 of files that cannot be read: " in ended.out
    results = {entry["path"]: entry for entry in json.loads((ended.folder / "out" / "predictions.json").read_text())}
    reasons = {path: entry["error"] for path, entry in results.items() if entry["error"]}
    assert reasons == {
        "pets/cat/0.jpg": "the file is truncated",
        "pets/cat/1.jpg": "the file is empty (zero bytes)",
        "pets/cat/text.png": "the content is not that of a known image format",
        "pets/huge.png": HUGE,
    }
    assert results["pets/dot.png"]["label"] in list("0123456789")


# While training


def test_a_loss_that_becomes_nan(command):
    ended = command("train", "optimizer.lr=1e12", *QUICK)
    assert ended.code == 2
    line = ended.err.splitlines()[-1]
    assert line.startswith("zoo-train: the training loss became nan in epoch 1, step ")
    assert line.endswith(
        "try a smaller optimizer.lr or trainer.gradient_clip_val=1; checkpoints of earlier epochs are kept"
    )


def test_a_run_folder_that_cannot_be_made(refused, tmp_path):
    (tmp_path / "file").write_text("no folder")
    line = refused("runs=file/runs", *QUICK)
    assert line.startswith("cannot write to file/runs/")
    assert line.endswith(": Not a directory; what was written stays; runs=FOLDER puts runs elsewhere")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_a_disk_that_is_full_or_closed(refused, monkeypatch, code):
    def failing(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(torch, "save", failing)
    line = refused(*QUICK)
    assert line.startswith("cannot write to the run folder: ")
    assert line.endswith(f": {os.strerror(code)}; what was written stays; runs=FOLDER puts runs elsewhere")
