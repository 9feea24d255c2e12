from collections.abc import Sequence
from typing import Literal, Optional

import numpy as np
import pytest
import torch

from zoo.config.argument_types import wanted
from zoo.config.instantiate import complete, instantiate, locate
from zoo.errors import ZooError

LENET = {"_target_": "zoo.networks.lenet.LeNet5"}


def test_facts_fill_what_the_configuration_leaves_open():
    completed = complete({"network": LENET, "rate": 0.1}, {"num_classes": 7, "horizon": 3})
    assert completed == {"network": LENET | {"num_classes": 7}, "rate": 0.1}
    assert instantiate(completed)["network"].classifier[-1].out_features == 7


def test_facts_do_not_touch_what_they_are_given():
    config = {"network": dict(LENET)}
    complete(config, {"num_classes": 7})
    assert config == {"network": LENET}


def test_a_value_that_contradicts_the_data_is_refused():
    with pytest.raises(ZooError, match=r"`model.num_classes` \(=5\) contradicts the data, which says 10"):
        complete(LENET | {"num_classes": 5}, {"num_classes": 10}, "model")


def test_an_argument_that_nothing_reads_is_refused():
    with pytest.raises(ZooError, match="`model.widht`: zoo.networks.lenet.LeNet5 takes num_classes, in_channels"):
        complete(LENET | {"widht": 5}, {}, "model")


def test_an_argument_that_is_missing_is_named():
    with pytest.raises(ZooError, match="`model.network` is not given, and the data does not say it"):
        complete({"_target_": "zoo.tasks.classification.Classification"}, {}, "model")


FOLDER = "zoo.data.images.image_folder.ImageFolder"


@pytest.mark.parametrize(
    ("target", "key", "value", "message"),
    [
        (LENET["_target_"], "num_classes", "abc", r"\(=abc\) must be a whole number$"),
        (LENET["_target_"], "num_classes", 2.5, r"\(=2.5\) must be a whole number$"),
        (LENET["_target_"], "num_classes", None, r"\(=null\) must be a whole number$"),
        (LENET["_target_"], "num_classes", True, r"\(=True\) must be a whole number$"),
        (LENET["_target_"], "num_classes", [3], r"\(=\[3\]\) must be a whole number$"),
        ("zoo.losses.triplet.TripletLoss", "margin", "abc", r"\(=abc\) must be a number$"),
        (FOLDER, "num_workers", 2.5, r"\(=2.5\) must be a whole number or auto$"),
        (FOLDER, "root", 2012, r"\(=2012\) must be text: in quotes it is, as in a.root=\"'2012'\"$"),
    ],
)
def test_a_value_of_another_kind_than_the_argument_is_refused(target, key, value, message):
    with pytest.raises(ZooError, match=f"^`a.{key}` {message}"):
        complete({"_target_": target, key: value}, {}, "a")


def test_what_the_annotations_of_others_say_is_not_held_against_a_value():
    config = {"_target_": "torch.optim.sgd.SGD", "_partial_": True, "momentum": "abc"}
    assert complete(config, {}) == config


@pytest.mark.parametrize(
    ("annotation", "value", "told"),
    [
        (float, 3, None),
        (float, float("inf"), None),
        (bool, 1, "true or false"),
        (int | None, None, None),
        (int | Literal["auto"], "auto", None),
        (Literal["mean", "last"], 3, "mean or last"),
        (Optional[float], "abc", "a number or null"),  # noqa: UP045
        (int, np.int64(3), None),
        (float | Sequence[float], "abc", None),
        (torch.nn.Module, "abc", None),
    ],
)
def test_kinds(annotation, value, told):
    assert wanted(annotation, value) == told


def test_lists_and_partials():
    config = [{"_target_": "torch.optim.sgd.SGD", "_partial_": True, "lr": 0.5}]
    (factory,) = instantiate(complete(config, {}))
    assert factory([torch.nn.Parameter(torch.zeros(1))]).param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("zoo.nothing.Here", r"`model._target_` \(=zoo.nothing.Here\) names no module"),
        ("zoo.errors.Nothing", r"names nothing in `zoo.errors`"),
        ("zoo.tasks.base._FINITE_CHECK_EVERY", "is no class or function"),
        ("not_installed_anywhere.Thing", "needs the package|names no module"),
    ],
)
def test_a_target_that_is_not_there(target, message):
    with pytest.raises(ZooError, match=message):
        locate(target, "model")


def test_a_logger_whose_package_is_missing_says_what_to_install():
    config = {"_target_": "pytorch_lightning.loggers.wandb.WandbLogger"}
    pytest.importorskip("pytorch_lightning")
    try:
        import wandb  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(ZooError, match="needs the package `wandb`, which is not installed: pip install wandb"):
            instantiate(config, "logger.wandb")
    else:
        pytest.skip("wandb is installed")
