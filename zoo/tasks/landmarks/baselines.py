"""Baselines of landmark localization: mean points and ridge regression."""

import torch

from zoo.data.base import DataModule
from zoo.tasks.base import Task
from zoo.tasks.landmarks.metrics import PointErrors

_IMAGES = 1000  # training images at most
_SIDE = 16  # pixels of the inputs of the regression


def baselines(datamodule: DataModule, task: Task) -> dict[str, dict[str, float]]:
    """`nme` and `found` of the mean training points and of ridge regression on 16×16 pixels."""
    train, test = datamodule.dataset("train"), datamodule.dataset("test")
    images, target = train[torch.arange(min(_IMAGES, len(train)))]
    present = target["present"]
    test_images, test_target = test[torch.arange(len(test))]
    test_present = test_target["present"]
    points = target["points"][present]
    pixels, test_pixels = _small(images)[present], _small(test_images)[test_present]
    weights = torch.linalg.solve(pixels.T @ pixels + 30 * torch.eye(pixels.shape[1]), pixels.T @ points.flatten(1))
    predictions = {
        "mean points": points.mean(0).expand(int(test_present.sum()), -1, -1),
        "ridge regression": (test_pixels @ weights).view(-1, *points.shape[1:]),
    }
    results = {}
    for name, predicted in predictions.items():
        metric = PointErrors(sync_on_compute=False)  # only the first process computes baselines
        metric.update(predicted, test_target["points"][test_present])
        results[name] = {key: float(value) for key, value in metric.compute().items()}
    return results


def _small(images: torch.Tensor) -> torch.Tensor:
    small = torch.nn.functional.adaptive_avg_pool2d(images.float() / 255, _SIDE).flatten(1)
    return torch.cat([small, torch.ones(len(small), 1)], 1)
