"""Baselines of AdaIN: the optimization of each image for its style, color transfer, and the content."""

import torch

from zoo.data.style.many_styles import ManyStyles
from zoo.tasks.base import Baselines
from zoo.tasks.style.adain.task import AdaIN
from zoo.tasks.style.held_out import PICTURES, HeldOut, compare


def baselines(datamodule: ManyStyles, task: AdaIN) -> Baselines:
    """The mean costs of the first ten test images in their styles, and the time of each."""
    return compare(task, held_out(datamodule, task, PICTURES))


def held_out(datamodule: ManyStyles, task: AdaIN, count: int) -> list[HeldOut]:
    """Returns the first test images, each with its own style."""
    test = datamodule.dataset("test")
    pairs = datamodule.normalize(test[torch.arange(min(count, len(test)))])
    return [
        HeldOut(content, style, task.style_of([style], [1.0]).grams)
        for content, style in zip(pairs.contents.split(1), pairs.styles.split(1), strict=True)
    ]
