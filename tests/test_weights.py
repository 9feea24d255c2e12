"""The weights in the package: hash, size, card, and the figure of each measured again."""

import hashlib
import os
import re
import sys
from pathlib import Path

import pytest
from small_runs import evaluated

import zoo
from zoo.errors import ZooError
from zoo.pretrained.catalog import resolve_weights
from zoo.run.model_source import requested_model
from zoo.weights import shipped, shipped_folder

MIB = 2**20
DATA = Path(os.environ.get("ZOO_TEST_DATA", Path(__file__).parents[1] / "../shared/data"))
QUICK = ("lenet5/digits", "gru_small/sunspots")
PLACES = {"lenet5/mnist": "mnist", "yolo/blood_cells": "bccd/BCCD", "siamese/omniglot": "omniglot"}


@pytest.fixture(scope="module", params=shipped())
def name(request):
    return request.param


def test_there_are_weights_and_their_size_is_small():
    files = [shipped_folder(name) / "model.safetensors" for name in shipped()]
    assert "lenet5/digits" in shipped()
    assert all(file.stat().st_size <= 2 * MIB for file in files)
    assert sum(file.stat().st_size for file in files) <= 12 * MIB


def test_each_has_its_hash_and_a_whole_card(name):
    folder = shipped_folder(name)
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    card = zoo.card(name)
    assert card.facts["sha256"] == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    release = card.facts["release"]
    low, high = release["interval"]
    assert low <= min(release["seeds"].values()) <= max(release["seeds"].values()) <= high
    assert re.fullmatch(r"[0-9a-f]{10}", release["commit"])
    for fact in ("data", "data_license", "use", "limits", "baseline", "recipe"):
        assert release[fact] in card.text, fact
    assert card.facts["license"] == "apache-2.0"
    assert card.facts["versions"].keys() == {"lightning-zoo", "torch"}
    assert "/tmp" not in card.text + (folder / "config.json").read_text()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.data if name in PLACES else () if name in QUICK else pytest.mark.slow)
        for name in shipped()
        if name not in ("yolo/digit_scenes", "gru/waves")
    ],
)
def test_the_figure_of_the_card_is_measured_again(name, tmp_path):
    words = []
    if name == "bert_tiny/stdlib_text" and sys.version_info[:2] != (3, 11):
        pytest.skip("the text of its data is that of Python 3.11")
    if name in PLACES:
        place = DATA / PLACES[name]
        if not place.exists():
            pytest.skip("its data is not here")
        words = [f"+data.root={place.resolve()}"]
    facts = zoo.card(name).facts
    (result,) = facts["model-index"][0]["results"]
    stated = {metric["type"]: metric["value"] for metric in result["metrics"]}
    metric = facts["release"]["metric"]
    found = evaluated(name, tmp_path / "run", *words, "~trainer.limit_test_batches")
    assert found[metric] == pytest.approx(stated[metric], rel=2e-3)


def test_weights_start_a_training_and_predict_by_their_name():
    source = resolve_weights("digits", model="lenet5")
    assert source.label == "lenet5/digits"
    assert source.class_names == [str(digit) for digit in range(10)]
    assert zoo.list_weights("lenet5")[0] == "digits"
    config = {"checkpoint": None, "pretrained": "digits", "options": {"model": "lenet5"}, "trust": []}
    state = zoo.load("lenet5/digits").network.state_dict()
    for key, value in requested_model(config).network.state_dict().items():
        assert value.equal(state[key])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zoo.load("lenet5/digit"), "unknown weights `lenet5/digit`: did you mean `lenet5/digits`"),
        (lambda: zoo.card("lenet5/digit"), "unknown weights `lenet5/digit`: did you mean `lenet5/digits`"),
        (lambda: zoo.create_model("lenet5", pretrained="digit"), "unknown pretrained `digit`: did you mean `digits`"),
        (lambda: zoo.card("tests"), "tests has no README.md that begins with the facts of a model card"),
    ],
)
def test_wrong_names_are_one_line(call, message):
    with pytest.raises(ZooError, match=message):
        call()
