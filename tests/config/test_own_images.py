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


@pytest.mark.parametrize(
    "chosen", ["model=vgg11", "experiment=finetune_resnet50", "data.image_size=32", "image_size=32"]
)
def test_what_is_chosen_stays(chosen):
    assert pretrained_start([*WORDS, chosen]) == ([*WORDS, chosen], None)
    assert pretrained_start(["model=lenet5"]) == (["model=lenet5"], None)
