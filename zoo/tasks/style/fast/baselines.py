"""Baselines of a network of style transfer: the optimization of each image, color transfer, and the content."""

import torch

from zoo.data.style.folder import StylePictures
from zoo.tasks.base import Baselines
from zoo.tasks.style.fast.task import FastStyle
from zoo.tasks.style.held_out import PICTURES, HeldOut, compare


def baselines(datamodule: StylePictures, task: FastStyle) -> Baselines:
    """The mean costs of the first ten test images, and the time of each."""
    return compare(task, held_out(datamodule, PICTURES))


def held_out(datamodule: StylePictures, count: int) -> list[HeldOut]:
    """The first test images, with the style of the largest weight."""
    test = datamodule.dataset("test")
    contents = datamodule.normalize(test[torch.arange(min(count, len(test)))])
    style = datamodule.styles()[datamodule.blend.index(max(datamodule.blend))]
    return [HeldOut(content, style) for content in contents.split(1)]
