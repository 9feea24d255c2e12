"""Baselines of landmark localization: mean shape, ridge regression on pixels, and the nearest training image."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from zoo.data.base import DataModule
from zoo.tasks.landmarks import Landmarks
from zoo.tasks.landmarks.metrics import BoxErrors, PointErrors

_IMAGES = 2000  # of each split at most
_SIDE = 16  # pixels of the inputs
_PENALTY = 30.0  # of the ridge regression

Guess = tuple[Float[Tensor, "n k 2"], Float[Tensor, "n c"]]
"""Points, and a value for each class."""


def baselines(datamodule: DataModule, task: Landmarks) -> dict[str, dict[str, float]]:
    """The metrics of points and classes of three simple models, for the test images with an object."""
    pixels, target = _objects(datamodule, "train")
    test_pixels, truth = _objects(datamodule, "test")
    shape = _mean_shape(target)
    points = torch.where(target["visible"][..., None], target["points"], shape)
    classes = F.one_hot(target["labels"], task.num_classes).float()
    guesses = {
        "mean shape": (shape.expand(len(test_pixels), -1, -1), classes.mean(0).expand(len(test_pixels), -1)),
        "ridge regression": _ridge(pixels, points, classes)(test_pixels),
        "nearest image": _nearest(pixels, points, classes)(test_pixels),
    }
    return {name: _measure(guess, truth, box=task.points_are_box) for name, guess in guesses.items()}


def _objects(datamodule: DataModule, split: str) -> tuple[Float[Tensor, "n d"], dict[str, Tensor]]:
    """Small images with an object, and their targets."""
    dataset = datamodule.dataset(split)  # type: ignore[arg-type]
    small, targets = [], []
    for indices in torch.arange(min(_IMAGES, len(dataset))).split(64):
        images, target = dataset[indices]
        present = target["present"]
        small.append(F.adaptive_avg_pool2d(images.float() / 255, _SIDE).flatten(1)[present])
        targets.append({name: values[present] for name, values in target.items()})
    return torch.cat(small), {name: torch.cat([each[name] for each in targets]) for name in targets[0]}


def _mean_shape(target: dict[str, Tensor]) -> Float[Tensor, "k 2"]:
    """The mean of the visible points; the center for a point that is visible nowhere."""
    shown = target["visible"][..., None]
    counts = shown.sum(0)
    return torch.where(counts > 0, (target["points"] * shown).sum(0) / counts.clamp(min=1), 0.5)


def _ridge(pixels: Tensor, points: Tensor, classes: Tensor) -> Callable[[Tensor], Guess]:
    goals = torch.cat([points.flatten(1), classes], 1)
    center, middle = pixels.mean(0), goals.mean(0)
    inputs = pixels - center
    kernel = inputs.T @ inputs + _PENALTY * torch.eye(inputs.shape[1])
    weights = torch.linalg.solve(kernel, inputs.T @ (goals - middle))

    def predict(test: Tensor) -> Guess:
        values = (test - center) @ weights + middle
        return values[:, : points[0].numel()].unflatten(1, points.shape[1:]), values[:, points[0].numel() :]

    return predict


def _nearest(pixels: Tensor, points: Tensor, classes: Tensor) -> Callable[[Tensor], Guess]:
    def predict(test: Tensor) -> Guess:
        nearest = torch.cdist(test, pixels).argmin(1)
        return points[nearest], classes[nearest]

    return predict


def _measure(guess: Guess, truth: dict[str, Tensor], *, box: bool) -> dict[str, float]:
    points, classes = guess[0], guess[1].argmax(1)
    errors = PointErrors(sync_on_compute=False)  # only the first process computes baselines
    errors.update(points, truth["points"], truth["visible"], truth["size"])
    values = errors.compute()
    if guess[1].shape[1] > 1:
        values["accuracy"] = (classes == truth["labels"]).float().mean()
    if box:
        boxes = BoxErrors(sync_on_compute=False)
        boxes.update(points, truth["points"], classes, truth["labels"])
        values |= boxes.compute()
    return {name: float(value) for name, value in values.items()}
