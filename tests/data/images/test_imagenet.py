"""Published weights are tested on folders of ImageNet, which have other names for the same classes."""

from importlib.resources import files

import pytest
from bad_input import write_images
from torchvision.models import ResNet50_Weights

import zoo
from zoo.data.images.imagenet import same_classes

NAMES = ResNet50_Weights.IMAGENET1K_V2.meta["categories"]


@pytest.fixture(scope="module")
def ids() -> list[str]:
    pytest.importorskip("timm")
    return (files("timm.data") / "_info" / "imagenet_synsets.txt").read_text().split()


def test_the_ids_are_those_of_imagenet(ids):
    assert same_classes(ids, NAMES)
    assert not same_classes(ids[::-1], NAMES)
    assert not same_classes(ids, NAMES[::-1])
    assert not same_classes(ids[:10], NAMES[:10])


def test_folders_of_ids_take_the_names_of_the_model(ids, tmp_path):
    for name in ("cat", "dog"):
        write_images(tmp_path / name)
    data = zoo.create_data("image_folder", root=tmp_path)
    data.setup()
    assert data.match_classes(NAMES) is None
    assert data.class_names == ["cat", "dog"]
    data.class_names = ids
    assert data.match_classes(NAMES).startswith("classes: the folders are the WordNet ids of ImageNet-1k")
    assert data.card()["class_names"] == NAMES
