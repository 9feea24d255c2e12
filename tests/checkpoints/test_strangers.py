"""Checkpoints of strangers: the model is compared with the weights before anything is allocated for it."""

import copy
import time

import pytest
import torch

from zoo.checkpoints.load import load
from zoo.errors import ZooError
from zoo.run.create import create_model
from zoo.run.predict import predict

PREPROCESSING = {"size": 32, "channels": 1, "mean": [0.1], "std": [0.3], "resize": "squash"}


@pytest.fixture(scope="module")
def contents():
    made = {}
    for name, words in {"lenet5": {"num_classes": 3}, "gru_small": {}}.items():
        model = create_model(name, **words)
        model.card = {"class_names": ["a", "b", "c"], "preprocessing": PREPROCESSING} if name == "lenet5" else {}
        made[name] = {"state_dict": model.state_dict()}
        model.on_save_checkpoint(made[name])
    return made


def refused(content, tmp_path, message):
    torch.save(content, path := tmp_path / "x.ckpt")
    began = time.process_time()
    with pytest.raises(ZooError, match=message) as error:
        load(path)
    assert time.process_time() - began < 3
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "part", "change", "message"),
    [
        ("gru_small", "network", {"hidden_size": 16_000}, "weights do not fit its own configuration.* instead of "),
        ("gru_small", "network", {"hidden_size": 10**12}, "a model with the number 1e"),
        ("gru_small", "network", {"num_layers": 10**6}, "a model of more than .* parts"),
        ("gru_small", "network", {"num_layers": -1}, "x.ckpt"),
        ("lenet5", "network", {"surprise": 1}, "builds no model"),
        ("lenet5", "loss", {"_target_": "torch.nn.LazyLinear", "out_features": 3}, "x.ckpt"),
        ("lenet5", "network", {"num_classes": 10**6}, "has 3 class names for 1000000 classes"),
    ],
)
def test_a_model_larger_than_its_weights(contents, tmp_path, name, part, change, message):
    content = copy.deepcopy(contents[name])
    content["zoo"]["model"][part].update(change)
    refused(content, tmp_path, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w * float("nan"), "`{}` holds NaN or infinite values"),
        (lambda w: w / 0, "`{}` holds NaN or infinite values"),
        (lambda w: w.to(torch.complex64), "{} is complex"),
        (lambda w: w.long(), "{} is int64"),
        (lambda w: w.to_sparse(), "{} is sparse"),
        (lambda w: w.tolist(), "{} is a list"),
        (lambda w: w[:1], "{} is 1.* instead of 6"),
    ],
)
def test_weights_that_are_no_plain_numbers_are_named(contents, tmp_path, change, message):
    content = copy.deepcopy(contents["lenet5"])
    name = next(iter(content["state_dict"]))
    content["state_dict"][name] = change(content["state_dict"][name])
    refused(content, tmp_path, message.format(name))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 10**9}, "`preprocessing.size` .* must lie in 1 … 4096"),
        ({"std": [0.0]}, "`preprocessing.std` .* must lie in 1e-06 … "),
        ({"mean": [float("nan")]}, "`preprocessing.mean`"),
        ({"channels": "3"}, "`preprocessing.channels`"),
        ({"size": 32.5}, "`preprocessing.size` .* must be a whole number"),
        ({"mean": [0.1] * 7}, "a number for each channel"),
        ({"resize": "melt"}, "squash or crop"),
        ({"x": 1}, "the preprocessing has other entries"),
    ],
)
def test_a_preprocessing_out_of_range(contents, tmp_path, change, message):
    content = copy.deepcopy(contents["lenet5"])
    content["zoo"]["card"]["preprocessing"] = PREPROCESSING | change
    torch.save(content, path := tmp_path / "x.ckpt")
    with pytest.raises(ZooError, match=message):
        predict(path, torch.rand(1, 8, 8))


@pytest.mark.parametrize("names", ["abc", ["a"] * 4, ["a", "b", None], ["a", "b", "c" * 2000], {"a": 1}])
def test_class_names_of_another_kind_size_or_number(contents, tmp_path, names):
    content = copy.deepcopy(contents["lenet5"])
    content["zoo"]["card"]["class_names"] = names
    refused(content, tmp_path, "class name")


def test_whatever_prediction_raises_is_one_line(contents, tmp_path):
    content = copy.deepcopy(contents["lenet5"])
    content["zoo"]["card"]["preprocessing"] = PREPROCESSING | {"size": 3}
    torch.save(content, tmp_path / "x.ckpt")
    with pytest.raises(ZooError, match="the model cannot predict on this source; was its checkpoint edited") as error:
        predict(tmp_path / "x.ckpt", torch.rand(1, 8, 8))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("gru_small", lambda card: card.pop("horizon"), "`card.horizon` is missing; the file was edited"),
        ("gru_small", lambda card: card.pop("past_covariates"), "`card.past_covariates` is missing"),
        ("lenet5", lambda card: card["preprocessing"].update(mean=[]), r"`preprocessing.mean` \(=\[\]\) must lie in"),
    ],
)
def test_a_card_that_lacks_what_a_prediction_reads(contents, tmp_path, name, change, message):
    content = copy.deepcopy(contents[name])
    card = content["zoo"]["card"]
    if name == "gru_small":
        lists = {"targets": ["y"], "past_covariates": [], "future_covariates": []}
        card.update(lists, context=24, horizon=1)
        torch.save(content, whole := tmp_path / "whole.ckpt")
        assert load(whole).card["horizon"] == 1
    change(card)
    refused(content, tmp_path, message)


@pytest.mark.parametrize("missing", ["size", "channels", "mean", "std", "resize"])
def test_a_preprocessing_without_an_entry(contents, tmp_path, missing):
    content = copy.deepcopy(contents["lenet5"])
    del content["zoo"]["card"]["preprocessing"][missing]
    refused(content, tmp_path, f"x.ckpt: `preprocessing.{missing}` is missing; the file was edited")
