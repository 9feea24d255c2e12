"""Networks of volumes: counts, and the arithmetic of a 3-D convolution."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.networks.c3d import C3D
from zoo.networks.conv3d import Conv3DNetwork


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_a_filter_of_five_voxels_leaves_ten_of_fourteen():
    layer = nn.Conv3d(1, 16, 5)
    assert count(layer) == 2_016
    assert layer(torch.zeros(1, 1, 14, 14, 14)).shape == (1, 16, 10, 10, 10)
    assert count(nn.Conv3d(16, 32, 5)) == 64_032


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize(
    ("n", "f", "p", "s"), [(14, 5, 0, 1), (13, 3, 1, 2), (12, 4, 2, 3), (7, 7, 0, 1), (10, 2, 0, 2)]
)
def test_the_side_after_a_layer(dimensions, n, f, p, s):
    """The side is ⌊(n + 2p - f) / s⌋ + 1, in every direction, for convolutions and poolings."""
    expected = (n + 2 * p - f) // s + 1
    images = torch.zeros(1, 1, *[n] * dimensions)
    layer = (nn.Conv2d, nn.Conv3d)[dimensions - 2](1, 1, f, s, p)
    assert layer(images).shape[2:] == (expected,) * dimensions
    if p <= f // 2:
        pooling = (nn.MaxPool2d, nn.MaxPool3d)[dimensions - 2](f, s, p)
        assert pooling(images).shape[2:] == (expected,) * dimensions


def test_a_3d_convolution_is_a_sum_of_2d_ones_over_depth():
    torch.manual_seed(0)
    layer = nn.Conv3d(2, 3, (3, 5, 4)).double()
    volume = torch.randn(2, 2, 7, 9, 8, dtype=torch.double)
    assert layer.bias is not None
    slices = [
        sum(F.conv2d(volume[:, :, z + k], layer.weight[:, :, k]) for k in range(3)) + layer.bias.view(-1, 1, 1)
        for z in range(5)
    ]
    torch.testing.assert_close(layer(volume), torch.stack(slices, dim=2), rtol=0, atol=1e-12)


def test_c3d_has_the_published_layers():
    with torch.device("meta"):
        assert count(C3D()) == 78_409_573
        assert count(C3D(num_classes=487)) == 79_991_015
        network = C3D(num_classes=0)
        assert count(network) == 77_995_776
        assert network(torch.zeros(2, 3, 16, 112, 112)).shape == (2, 4096)


def test_conv3d_has_features_and_names_volumes_that_are_too_small():
    assert Conv3DNetwork(num_classes=0, channels=(4, 8))(torch.zeros(2, 1, 8, 9, 10)).shape == (2, 8)
    with pytest.raises(ZooError, match="its sides need 8 voxels, and these have 8×8×4"):
        Conv3DNetwork(volume_size=(8, 8, 4))
    with pytest.raises(ZooError, match="`channels` is empty"):
        Conv3DNetwork(channels=())
    with pytest.raises(ZooError, match="C3D takes clips of at least 16×16×16"):
        C3D(volume_size=(8, 112, 112))


def test_checkpointing_gives_the_gradients_of_c3d():
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        network = C3D(num_classes=2, volume_size=(16, 16, 16), dropout=0, checkpointing=checkpointing).train()
        network(torch.ones(1, 3, 16, 16, 16)).sum().backward()
        gradients.append(network.features[0].weight.grad)
    assert torch.equal(*gradients)


@pytest.mark.parametrize("build", [partial(Conv3DNetwork, channels=(4, 8)), partial(C3D, volume_size=(16, 16, 16))])
def test_feature_maps_are_those_of_the_layers(build):
    torch.manual_seed(0)
    whole = build(num_classes=3).eval()
    part = build(features=["stage1", "features.4"]).eval()
    part.load_state_dict({name: value for name, value in whole.state_dict().items() if name in part.state_dict()})
    volumes = torch.rand(2, next(whole.parameters()).shape[1], 16, 16, 16)
    maps = part(volumes)
    assert list(maps) == ["stage1", "features.4"]
    first = list(whole.stages()["stage1"].values())
    torch.testing.assert_close(maps["stage1"], nn.Sequential(*first)(volumes))
    torch.testing.assert_close(maps["features.4"].relu(), whole.features[:5](volumes).relu())
    assert whole(volumes).shape == (2, 3)
    assert not any(name.startswith(whole.heads[0]) for name in part.state_dict())


def test_stages_of_volumes_are_trained_with_lower_rates_near_the_input():
    assert list(Conv3DNetwork().stages()) == ["stage1", "stage2", "stage3"]
    assert list(C3D(volume_size=(16, 16, 16)).stages()) == [f"stage{number}" for number in range(1, 6)]
