"""A head of convolutions gives on every window what the network gives on the window cut out."""

import pytest
import torch
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.convolutional import to_convolutional
from zoo.networks.lenet import LeNet5
from zoo.networks.resnet import ResNet
from zoo.networks.vgg import VGG


class Course(nn.Module):
    """The example of the sliding-window lecture: 14×14×3, 5×5 convolution, pooling, 400, 400, 4."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 5), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(400, 400), nn.ReLU(), nn.Linear(400, 400), nn.ReLU(), nn.Linear(400, 4)
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images))


def slide(network: nn.Module, images: Tensor, size: int, stride: int) -> Tensor:
    rows = range(0, images.shape[2] - size + 1, stride)
    columns = range(0, images.shape[3] - size + 1, stride)
    windows = [[network(images[:, :, i : i + size, j : j + size]) for j in columns] for i in rows]
    return torch.stack([torch.stack(row, -1) for row in windows], -2)


@pytest.mark.parametrize(("size", "cells"), [(14, 1), (16, 2), (28, 8)])
@torch.no_grad()
def test_the_lecture_example(size: int, cells: int) -> None:
    torch.manual_seed(0)
    network = Course().eval()
    images = torch.randn(2, 3, size, size)
    found = to_convolutional(network, in_channels=3, image_size=14)(images)
    assert found.shape == (2, 4, cells, cells)
    assert (found - slide(network, images, 14, 2)).abs().max() < 1e-6


@torch.no_grad()
def test_lenet_slides_over_a_wider_image() -> None:
    torch.manual_seed(0)
    network = LeNet5().eval()
    images = torch.randn(1, 1, 40, 48)
    found = to_convolutional(network, in_channels=1, image_size=32)(images)
    expected = slide(network, images, 32, 4)
    assert found.shape == expected.shape == (1, 10, 3, 5)
    assert (found - expected).abs().max() < 1e-5


@torch.no_grad()
def test_adaptive_pooling_goes_into_the_convolution() -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 3, 64, 64)
    for network in (VGG(depths=(1, 1, 1, 1, 1), num_classes=5), ResNet(layers=(1, 1, 1, 1), num_classes=5)):
        expected = network.eval()(images)
        convolutional = to_convolutional(network, in_channels=3, image_size=64)
        found = convolutional(images)
        assert found.shape == (2, 5, 1, 1)
        torch.testing.assert_close(found[:, :, 0, 0], expected, atol=1e-5, rtol=1e-4)
        assert convolutional(torch.randn(1, 3, 96, 128)).shape == (1, 5, 2, 3)
        assert isinstance(network(images), Tensor)  # the original is as it was


def test_other_networks_are_rejected() -> None:
    with pytest.raises(ZooError, match="Linear is not a trunk and a fully connected head"):
        to_convolutional(nn.Linear(3, 2), in_channels=3, image_size=14)
