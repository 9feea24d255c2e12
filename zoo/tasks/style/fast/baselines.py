"""Baselines of a network of style transfer: the optimization of each image, color transfer, and the content."""

import time
from collections.abc import Callable

import torch
from torch import Tensor

from zoo.data.style.base import StyleData
from zoo.tasks.style.colors import transfer_colors
from zoo.tasks.style.costs import measure
from zoo.tasks.style.descent import optimize
from zoo.tasks.style.fast.task import FastStyle

STEPS = 100  # of L-BFGS
_PICTURES = 10  # test images at most: each takes as long as a small training


def baselines(datamodule: StyleData, task: FastStyle) -> dict[str, dict[str, float]]:
    """The mean costs of the first ten test images, and the time of each."""
    test = datamodule.dataset("test")
    pictures = datamodule.normalize(test[torch.arange(min(_PICTURES, len(test)))])
    style, loss = datamodule.styles()[datamodule.blend.index(max(datamodule.blend))], task.perceptual
    device = loss.scales.device
    return {
        f"{STEPS} steps of L-BFGS": _mean(
            task, pictures, lambda each: optimize(loss, each.to(device), each.to(device), steps=STEPS).picture
        ),
        "color transfer": _mean(task, pictures, lambda each: transfer_colors(each, style)),
        "content": _mean(task, pictures, lambda each: each),
    }


def _mean(task: FastStyle, pictures: Tensor, restyle: Callable[[Tensor], Tensor]) -> dict[str, float]:
    found = []
    for picture in pictures.split(1):
        started = time.perf_counter()
        result = restyle(picture)
        seconds = time.perf_counter() - started
        found.append(measure(task.perceptual, result, picture) | {"ms_per_image": 1000 * seconds})
    return {name: sum(values[name] for values in found) / len(found) for name in found[0]}
