import pytest

from zoo.config import own_images
from zoo.config.own_images import pretrained_start

WORDS = ["data=image_folder", "data.root=flowers"]


def test_photographs_start_from_weights_that_are_at_hand(monkeypatch):
    monkeypatch.setattr(own_images, "find_spec", lambda name: object())
    words, line = pretrained_start(WORDS)
    assert words == [*WORDS, "experiment=finetune_lite0"]
    assert line.startswith("model: efficientnet_lite0 from its ImageNet weights")


def test_without_weights_the_run_names_some(monkeypatch):
    monkeypatch.setattr(own_images, "find_spec", lambda name: None)
    words, line = pretrained_start(WORDS)
    assert words == WORDS
    assert "model=resnet18 pretrained=DEFAULT finetune=head" in line


@pytest.mark.parametrize("words", [["data.image_size=160"], ["data.channels=1"], ["data=image_shards"]])
def test_a_size_or_another_form_of_the_photographs_chooses_no_model(monkeypatch, words):
    monkeypatch.setattr(own_images, "find_spec", lambda name: object())
    found, line = pretrained_start([*WORDS, *words])
    assert found == [*WORDS, *words, "experiment=finetune_lite0"]
    assert line.startswith("model: efficientnet_lite0 from its ImageNet weights")


def test_small_images_stay_with_the_small_network_and_the_run_says_so(monkeypatch):
    monkeypatch.setattr(own_images, "find_spec", lambda name: object())
    words, line = pretrained_start([*WORDS, "data.image_size=32"])
    assert words == [*WORDS, "data.image_size=32"]
    assert line.startswith("model: LeNet-5, which was made for digits")
    assert "experiment=finetune_lite0" in line


@pytest.mark.parametrize("chosen", ["model=vgg11", "experiment=finetune_resnet50"])
def test_what_is_chosen_stays(chosen):
    assert pretrained_start([*WORDS, chosen]) == ([*WORDS, chosen], None)
    assert pretrained_start(["model=lenet5"]) == (["model=lenet5"], None)
