"""Samples that a network cannot read are refused before training."""

import pytest
import torch
from torch import nn

from zoo.errors import ZooError
from zoo.losses.cross_entropy import CrossEntropy
from zoo.run.readable import require_readable
from zoo.tasks.classification import Classification

IMAGES = {"preprocessing": {"size": 32, "channels": 1}}
CUBE = {"size": [8, 8, 8], "channels": 1, "mean": [0.0], "std": [1.0], "resize": True}
VOLUMES = {"inputs": "volumes", "preprocessing": CUBE}


def task(network, card):
    built = Classification(network=network, loss=CrossEntropy(), num_classes=10)
    built.card = card
    return built.train()


def network(convolution, pooling):
    return nn.Sequential(convolution(1, 2, 3), pooling(1), nn.Flatten(), nn.Linear(2, 10))


def test_volumes_and_images_are_not_exchanged():
    flat, solid = network(nn.Conv2d, nn.AdaptiveAvgPool2d), network(nn.Conv3d, nn.AdaptiveAvgPool3d)
    for built, card, shape in ((flat, VOLUMES, "1, 8, 8, 8"), (solid, IMAGES, "1, 32, 32")):
        message = rf"model=m cannot read a sample of data=d, which has the shape \[{shape}\]"
        with pytest.raises(ZooError, match=message):
            require_readable(task(built, card), model="m", data="d")


def test_a_network_without_a_count_of_operations_runs_once_as_it_was():
    class Counts(nn.Module):
        def forward(self, images):
            assert not self.training
            return torch.rand(len(images), 10)

    built = task(Counts(), IMAGES)
    before = torch.get_rng_state()
    require_readable(built, model="m", data="d")
    assert torch.equal(torch.get_rng_state(), before)
    assert built.network.training
