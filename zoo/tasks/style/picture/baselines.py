"""Baselines of a style transfer: the content as it is, and with the colors of the style."""

import torch

from zoo.data.style.pair import StylePair
from zoo.tasks.style.colors import transfer_colors
from zoo.tasks.style.costs import measure
from zoo.tasks.style.picture.task import StyleTransfer


def baselines(datamodule: StylePair, task: StyleTransfer) -> dict[str, dict[str, float]]:
    """The costs of both; of several styles, the one with the largest weight gives the colors."""
    content, styles, blend = datamodule.dataset("test")[torch.zeros(1, dtype=torch.long)]
    style = styles[blend.index(max(blend))]
    return {
        "content": measure(task.perceptual, content, content),
        "color transfer": measure(task.perceptual, transfer_colors(content, style), content),
    }
