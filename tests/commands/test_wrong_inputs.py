"""Wrong inputs of a first day: each ends in one line and exit code 2, or in a `ZooError` of Python."""

import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_lightning import Trainer
from wrong_files import write_wrong_files

import zoo
from zoo.errors import ZooError


def _table() -> dict[str, list[tuple[str, str]]]:
    """The lines of wrong_inputs.txt by section: a command line, and the beginning of its message."""
    sections, name = defaultdict(list), ""
    for line in Path(__file__).with_name("wrong_inputs.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif line and not line.startswith("#"):
            words, _, message = line.partition(" | ")
            sections[name].append((words, message))
    return sections


TABLE = _table()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wrong_files(tmp_path_factory.mktemp("wrong"))


@pytest.fixture(scope="module")
def models(files: Path) -> None:
    """Untrained checkpoints of several tasks, beside the files."""
    days = {"path": str(files / "days.csv"), "time": "day", "context": 4, "horizon": 2, "split": [0.5, 0.25, 0.25]}
    texts = {"path": str(files / "texts.csv"), "vocab_size": 100, "length": 32}
    for name, model, data, options in (
        ("image", "lenet5", "digits", {}),
        ("series", "gru_small", "series", days),
        ("text", "bert_tiny_classifier", "text_table", texts),
        ("ratings", "matrix_factorization", "ratings", {"path": str(files / "ratings.csv")}),
        ("volume", "conv3d", "swept_digits", {"size": 8}),
    ):
        task = zoo.create_model(model, data=zoo.create_data(data, **options))
        trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False)
        trainer.strategy.connect(task)
        trainer.save_checkpoint(files / f"{name}.ckpt")


@pytest.fixture
def answer(command, files: Path) -> Callable[[str], str]:
    """Runs a command line that must fail, in the folder of wrong files; returns its one line."""

    def run(line: str) -> str:
        name, *words = shlex.split(line)
        ended = command(name, *words, folder=files)
        assert ended.code == 2, ended.out + ended.err
        (found,) = ended.err.splitlines()
        return found.partition(": ")[2]

    return run


@pytest.mark.parametrize(("line", "message"), TABLE["words"])
def test_words(answer, line, message):
    assert answer(line).startswith(message)


@pytest.mark.slow
@pytest.mark.parametrize(("line", "message"), TABLE["values"] + TABLE["data"])
def test_values_and_data(answer, line, message):
    assert answer(line).startswith(message)


@pytest.mark.slow
@pytest.mark.parametrize(("line", "message"), TABLE["models"])
def test_models(models, answer, line, message):
    assert answer(line).startswith(message)


def test_the_table_has_ninety_five_lines():
    assert sum(map(len, TABLE.values())) >= 95


IMAGES = {"size": 8, "channels": 3, "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5), "resize": "crop"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zoo.train("lenet6"), "unknown model `lenet6`: did you mean `lenet5`? there are: "),
        (lambda: zoo.train(data="nope"), "unknown data `nope`: there are: "),
        (lambda: zoo.train(**{"trainer.max_epochs": "three"}), "`trainer.max_epochs` (=three) must be a number, such"),
        (lambda: zoo.train(root="flowers"), "unknown argument `root`: data=cifar10, "),
        (lambda: zoo.train(optimizer=torch.optim.SGD), "`optimizer` takes the name of an option, not a type: "),
        (lambda: zoo.train(optimizer=["sgd"]), "`optimizer` (=[sgd]): a group takes the name of one option; "),
        (lambda: zoo.train(callbacks=[3]), "`callbacks` takes the name of an option, not a int: "),
        (lambda: zoo.train(path=np.zeros(3)), "`path` takes a text, a number, a list or a dictionary, not a ndarray: "),
        (lambda: zoo.train(overrides="seed=3"), "`overrides` (=seed=3) must be a list of words, such as "),
        (lambda: zoo.train(learning_rat=0.1), "unknown argument `learning_rat`: there are: "),
        (lambda: zoo.train(optimizer="adammm"), "unknown optimizer `adammm`: did you mean `adam`? there are: "),
        (lambda: zoo.train(data="image_folder"), "`data.root` is not given: add data.root=… to the command"),
        (lambda: zoo.create_model("lenet5", num_classes=0), "`num_classes` (=0) leaves a network without a head: "),
        (lambda: zoo.create_model("lenet5", num_classes=-3), "`num_classes` (=-3) must be positive"),
        (lambda: zoo.create_model("lenet5", num_classes="many"), "`model.network.num_classes` (=many) must be a whole"),
        (lambda: zoo.create_model("resnet50", pretrained="V9"), "unknown pretrained `V9`: there are: DEFAULT, "),
        (lambda: zoo.create_model("lenet5", width=3), "unknown argument `width`: there are: activation, "),
        (
            lambda: zoo.create_model("lenet5", class_names="cats"),
            "`class_names` (=cats) must be a list of at least",
        ),
        (lambda: zoo.create_model("lenet5", class_names=[]), "`class_names` (=[]) must be a list of at least one name"),
        (lambda: zoo.create_model("lenet5", class_names=["a", "a"]), "`class_names` has `a` twice"),
        (
            lambda: zoo.create_model("lenet5", class_names=["a"], num_classes=3),
            "`num_classes` (=3) and `class_names` ",
        ),
        (lambda: zoo.create_data("image_folder"), "`data.root` is not given: "),
        (lambda: zoo.create_data("image_folder", root="nowhere").setup(), "the data folder `nowhere` does not exist: "),
        (lambda: zoo.create_data("image_folders"), "unknown data `image_folders`: did you mean `image_folder`? "),
        (lambda: zoo.create_network("lenet6"), "unknown model `lenet6`: did you mean `lenet5`? there are: "),
        (lambda: zoo.load("nowhere.ckpt"), "nowhere.ckpt does not exist"),
        (lambda: zoo.load("lenet5"), "`lenet5` names a model of the catalog: its weights here are lenet5/digits, "),
        (lambda: zoo.list_weights("nope"), "unknown model `nope`: there are: "),
        (lambda: zoo.train(folder=5), "`folder` (=5) must be str or Path or None"),
        (lambda: zoo.train(overrides=None), "`overrides` (=None) must be Sequence"),
        (lambda: zoo.train(folder=__file__), f"`folder` (={__file__}) is a file: give a folder"),
        (lambda: zoo.predict("lenet5/digits", torch.zeros(1, 8, 8), __file__), f"`folder` (={__file__}) is a file: "),
        (lambda: zoo.Preprocessing(**IMAGES | {"mean": 0.5}), "`mean` (=0.5) must be tuple"),
        (lambda: zoo.list_models(5), "`pattern` (=5) must be text"),
        (
            lambda: zoo.list_models(pretraned=True),
            "unknown argument `pretraned`: did you mean `pretrained`? there are: ",
        ),
        (lambda: zoo.list_weights(5), "`model` (=5) must be text or None"),
        (lambda: zoo.card(5), "`name` (=5) must be text"),
        (lambda: zoo.create_data(5), "`name` (=5) must be text"),
        (lambda: zoo.load(), "zoo.load: missing a required argument: 'path'; it takes: path, trust"),
        (lambda: zoo.load("lenet5/digits", "cpu"), "zoo.load: too many positional arguments; it takes: path, trust"),
        (lambda: zoo.load("lenet5/digits", device="cpu"), "unknown argument `device`: there are: path, trust"),
        (lambda: zoo.load("lenet5/digits", trust="mine"), '`trust` (=mine) must be a list of modules: trust=["mine"]'),
        (lambda: zoo.predict("lenet5/digits"), "zoo.predict: missing a required argument: 'source'; it takes: model, "),
        (lambda: zoo.Preprocessing(siz=8), "unknown argument `siz`: did you mean `size`? there are: border, "),
        (lambda: zoo.train(lr=0.1, learning_rate=0.2), "`lr` and `learning_rate` both are optimizer.lr: give one of"),
        (lambda: zoo.train(epochs=3, epoch=5), "`trainer.max_epochs` and `epoch` both are trainer.max_epochs: give "),
        (
            lambda: zoo.train(epochs=3, overrides=["trainer.max_epochs=4"]),
            "`trainer.max_epochs` and `trainer.max_epochs=4` both are trainer.max_epochs: ",
        ),
        (lambda: zoo.list_models(task="nope"), "unknown task `nope`: there are: classification, "),
        (lambda: zoo.Preprocessing(**IMAGES | {"size": -1}), "`preprocessing.size` (=-1) must be a whole number "),
        (lambda: zoo.Preprocessing(**IMAGES | {"mean": (0.5,)}), "`preprocessing.mean` and `preprocessing.std` must "),
    ],
)
def test_python(call, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZooError) as error:
        call()
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_values_of_another_type(tmp_path):
    """Runs in a separate process, where only the zoo checks types."""
    calls = {
        "zoo.train(torch.nn.Linear(2, 3))": "`model` takes the name of an option, not a Linear: for objects of ",
        "zoo.train(overrides=[3])": "`overrides` (=[3]) must be a list of words, such as ",
        "zoo.create_model('lenet5', data='digits')": "`data` (=digits) must be what zoo.create_data(NAME, …) returns",
        "zoo.create_model('lenet5', preprocessing='crop')": "`preprocessing` (=crop) must be a zoo.Preprocessing(",
        "zoo.create_network('resnet18', features=True)": "`features` (=True) must name layers from: stem, conv1, ",
    }
    lines = [f"try: {call}\nexcept zoo.ZooError as error: print(error)" for call in calls]
    code = "\n".join(["import torch, zoo", *lines])
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    for found, message in zip(ended.stdout.splitlines(), calls.values(), strict=True):
        assert found.startswith(message)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "a prediction reads no NoneType: give a path, a pattern, an address, "),
        ({}, "a prediction reads no dict: give a path, "),
        ([], "the source is an empty list: give at least one path, pattern, address or image"),
        (np.zeros(3), "image has the shape (3,): an image has [H W], [H W C] or [C H W] with 1, 3 or 4 channels"),
        (torch.zeros(7, 8, 9), "image has the shape (7, 8, 9): an image has "),
        (np.full((8, 8), 300.0), "image has float64 values from 300 to 300: give integers from 0 to 255, or "),
        (b"no image", "cannot read the image `image`: the content is not that of a known image format"),
        ("nowhere.png", "source=nowhere.png does not exist"),
    ],
)
def test_sources_in_python(source, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = zoo.create_model("lenet5", preprocessing=zoo.Preprocessing(**IMAGES | {"size": 32}))
    with pytest.raises(ZooError) as error:
        zoo.predict(model, source)
    assert str(error.value).startswith(message)
