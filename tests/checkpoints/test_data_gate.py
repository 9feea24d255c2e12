"""The data that a stranger's file describes: paths, downloads and sizes need the user's word."""

import pytest

from zoo.checkpoints.data_gate import data_config, without_paths
from zoo.errors import ZooError

MNIST = {"_target_": "zoo.data.images.torchvision_sets.TorchvisionImages", "root": "data", "download": True}
FOLDER = {"_target_": "zoo.data.images.image_folder.ImageFolder", "root": "/etc"}
FACES = {"_target_": "zoo.data.identities.scikit_faces.ScikitFaces", "root": "data"}  # unpickled by scikit-learn
VOC = {"_target_": "zoo.data.detection.files.Voc", "root": "/etc"}
DIGITS = {"_target_": "zoo.data.images.digits.Digits", "image_size": 32, "batch_size": 32}
SCENES = {"_target_": "zoo.data.detection.digit_scenes.DigitScenes", "object_size": [14, 56], "train_scenes": 2000}
STYLE = {"_target_": "zoo.data.style.pair.StylePair"}


def within(source):
    return {"_target_": "zoo.data.landmarks.localization.Localization", "source": source}


def test_paths_and_downloads_of_a_file_are_used_only_if_the_user_names_them():
    assert data_config(MNIST, {}, [], "x.ckpt") == MNIST | {"download": False}
    assert data_config(MNIST, {"download": True}, [], "x.ckpt") == MNIST
    assert data_config(FOLDER, {"root": "flowers"}, [], "x.ckpt") == FOLDER | {"root": "flowers"}
    assert data_config(FACES | {"root": None}, {}, [], "x.ckpt")["root"] is None
    given = {"source": {"root": "cells"}}
    assert data_config(within(VOC), given, [], "x.ckpt") == within(VOC | {"root": "cells"})
    assert data_config(STYLE | {"content": "china"}, {}, [], "x.ckpt") == STYLE | {"content": "china"}


@pytest.mark.parametrize(
    ("described", "place"),
    [
        (FOLDER, "data.root=/etc"),
        (FACES, "data.root=data"),
        (within(VOC), "data.source.root=/etc"),
        (STYLE | {"content": "/etc/a.jpg"}, "data.content=/etc/a.jpg"),
        (STYLE | {"content": "a.jpg"}, "data.content=a.jpg"),
        (STYLE | {"style": ["pattern", "../b.png"]}, r"data.style=\['pattern', '../b.png'\]"),
        (VOC | {"root": None, "train": "../../other"}, "data.train=../../other"),
        (VOC | {"root": None, "train": "~/x"}, "data.train=~/x"),
    ],
)
def test_another_path_is_named(described, place):
    with pytest.raises(ZooError, match=rf"x.ckpt names the data {place}, .* not opened unless you name it: add \+"):
        data_config(described, {}, [], "x.ckpt")


@pytest.mark.parametrize(
    ("described", "named"),
    [
        (DIGITS | {"image_size": 1599}, r"data.image_size=1599: .* 2,497 times"),
        (DIGITS | {"image_size": 128, "batch_size": 128}, "data.image_size=128: with its other numbers, 64 times"),
        (DIGITS | {"batch_size": float("nan")}, "data.batch_size=nan"),
        (DIGITS | {"batch_size": float("inf")}, "data.batch_size=inf"),
        (SCENES | {"object_size": [14, 56_000]}, "data.object_size=56000"),
        (within(SCENES | {"train_scenes": 10**9}), r"data.source.train_scenes=1e\+09"),
        ({"_target_": "zoo.data.volumes.folder.Volumes", "size": [900, 900, 900]}, "data.size=900"),
    ],
)
def test_sizes_are_bounded_together(described, named):
    with pytest.raises(ZooError, match=rf"x.ckpt names {named}.* if you mean it"):
        data_config(described, {}, [], "x.ckpt")


def test_a_long_context_and_horizon_are_moderate():
    series = {"_target_": "zoo.data.series.table_data.Series", "context": 336, "horizon": 96, "batch_size": 256}
    assert data_config(series, {}, [], "x.ckpt") == series


def test_moderate_sizes_and_those_of_the_user_are_taken():
    larger = DIGITS | {"image_size": 64, "batch_size": 256}
    assert data_config(larger, {}, [], "x.ckpt") == larger
    assert data_config(DIGITS, {"image_size": 1599}, [], "x.ckpt")["image_size"] == 1599


def test_a_file_starts_no_processes():
    described = DIGITS | {"num_workers": 150}
    assert data_config(described, {}, [], "x.ckpt")["num_workers"] == "auto"
    assert data_config(described, {"num_workers": 2}, [], "x.ckpt")["num_workers"] == 2


def test_a_test_builds_no_augmentation_of_a_file():
    described = DIGITS | {"augmentation": {"_target_": "torchvision.transforms.v2.Resize", "size": 60_000}}
    assert data_config(described, {}, [], "x.ckpt")["augmentation"] is None


def test_a_shared_model_names_no_path_of_this_machine():
    assert without_paths(within(VOC)) == within({"_target_": VOC["_target_"]})
    assert without_paths(STYLE | {"content": "/home/me/a.jpg", "style": "pattern"}) == STYLE | {"style": "pattern"}
