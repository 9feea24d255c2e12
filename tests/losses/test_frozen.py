"""A frozen network computes the same maps and gradients in its faster copy."""

import copy

import pytest
import torch
from torch import nn

from zoo.losses.frozen import Frozen, _WinogradConv2d
from zoo.losses.perceptual import PerceptualLoss
from zoo.networks.efficientnet_lite import EfficientNetLite
from zoo.networks.googlenet import GoogLeNet
from zoo.networks.inception import InceptionV3
from zoo.networks.resnet import ResNet
from zoo.networks.vgg import VGG

CASES = {
    "EfficientNet-Lite0": (EfficientNetLite, {}, ["stem", "stage2", "stage5"]),
    "ResNet-18": (ResNet, {"layers": (2, 2, 2, 2), "block": "basic"}, ["layer1", "layer3"]),
    "ResNet-50": (ResNet, {"layers": (1, 1, 1, 1)}, ["layer1", "layer3"]),
    "VGG with norms": (VGG, {"depths": (1, 1, 2, 1, 1), "batch_norm": True}, ["stage2", "stage4"]),
    "GoogLeNet": (GoogLeNet, {}, ["inception3a", "inception4a"]),
    "Inception v3": (InceptionV3, {}, ["Mixed_5b", "Mixed_6a"]),
}


def prepared(kind):
    build, options, maps = CASES[kind]
    torch.manual_seed(0)
    network = build(**options).eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            module.weight.uniform_(0.5, 2)
            module.bias.normal_(0, 0.1)
    return network, maps


@pytest.mark.parametrize("kind", CASES)
def test_maps_and_gradients_are_those_of_the_network(kind):
    network, maps = prepared(kind)
    faster = Frozen(network, maps)()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in faster.modules())
    images = torch.rand(2, 3, 80, 80)
    grads = []
    for each in (network, faster):
        given = images.clone().requires_grad_()
        found = each.run(given, maps)[1]
        sum((values * values.detach()).mean() for values in found.values()).backward()
        grads.append((given.grad, found))
    (expected, theirs), (gradient, ours) = grads
    for name in maps:
        assert (ours[name] - theirs[name]).abs().max() < 1e-4 * theirs[name].abs().max(), name
    assert (gradient - expected).abs().max() < 1e-3 * expected.abs().max()


def test_a_convolution_whose_map_is_read_keeps_it():
    network, _ = prepared("VGG with norms")
    images = torch.rand(1, 3, 64, 64)
    assert isinstance(network.features[0], nn.Conv2d)
    maps = ["features.0", "features.1"]
    ours, theirs = Frozen(network, maps)().run(images, maps)[1], network.run(images, maps)[1]
    for name in maps:
        torch.testing.assert_close(ours[name], theirs[name])


def test_large_convolutions_take_the_short_way_in_single_precision_alone():
    network = VGG(depths=(1, 1, 1, 1, 1)).eval()
    faster = Frozen(network, ["stage4"])()
    found = [module for module in faster.modules() if isinstance(module, _WinogradConv2d)]
    assert [(module.in_channels, module.out_channels) for module in found] == [(128, 256), (256, 512), (512, 512)]
    images = torch.rand(1, 3, 256, 256)  # maps of 64×64, 32×32 and 32×32, halved by the last pooling
    faster.run(images[..., :64, :64], ["stage4"])
    assert not any(module.kernels for module in found)
    faster.run(images, ["stage4"])
    assert all(module.kernels for module in found[:2])
    doubled = copy.deepcopy(network).double()
    ours = Frozen(doubled, ["stage4"])().run(images.double(), ["stage4"])[1]["stage4"]
    assert ours.equal(doubled.run(images.double(), ["stage4"])[1]["stage4"])


def test_new_weights_make_a_new_copy():
    network, maps = prepared("ResNet-18")
    frozen = Frozen(network, maps)
    images = torch.rand(1, 3, 64, 64)
    before = frozen()
    assert frozen() is before
    other, _ = prepared("ResNet-18")
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(1.1)
    network.load_state_dict(other.state_dict())
    after = frozen()
    assert after is not before
    torch.testing.assert_close(after.run(images, maps)[1], network.run(images, maps)[1], rtol=1e-3, atol=1e-3)
    network.double()
    assert frozen().run(images.double(), maps)[1]["layer1"].dtype == torch.float64


def test_a_copy_in_inference_mode_trains_later():
    network, maps = prepared("EfficientNet-Lite0")
    frozen = Frozen(network, maps)
    with torch.inference_mode():
        frozen().run(torch.rand(1, 3, 64, 64), maps)
    images = torch.rand(1, 3, 64, 64, requires_grad=True)
    frozen().run(images, maps)[1]["stage5"].sum().backward()
    assert images.grad.abs().sum() > 0


@pytest.mark.parametrize("inference", [False, True])
def test_changes_of_weights_are_noticed(inference):
    with torch.inference_mode(inference):
        network, maps = prepared("EfficientNet-Lite0")
        frozen, images = Frozen(network, maps), torch.rand(1, 3, 64, 64)
        for change in (lambda weight: weight.mul_(1.3), lambda weight: weight.copy_(torch.rand_like(weight))):
            frozen()
            change(network._conv_stem.weight)
            torch.testing.assert_close(
                frozen().run(images, maps)[1], network.run(images, maps)[1], rtol=1e-3, atol=1e-4
            )
        for _ in range(3):  # memory that is freed may be used again
            network._conv_stem.weight.data = torch.rand_like(network._conv_stem.weight)
            torch.testing.assert_close(
                frozen().run(images, maps)[1], network.run(images, maps)[1], rtol=1e-3, atol=1e-4
            )


def test_a_network_in_training_mode_has_a_copy_in_eval_mode():
    """The loss looks at its layers once before any weights are loaded, and random weights stay as they are."""
    loss = PerceptualLoss(
        backbone=EfficientNetLite(),
        content_layers=["stage2"],
        style_layers=["_conv_stem", "stage5"],
        content_weight=1.0,
        style_weight=1.0,
        tv_weight=0.0,
    )
    images = torch.rand(2, 3, 64, 64)
    normalized = (images - loss.mean) / loss.std
    expected = loss.backbone.eval().run(normalized, loss.layers)[1]
    for _ in range(2):
        found = loss.maps(images)
        for name, values in expected.items():
            torch.testing.assert_close(found[name], values, rtol=1e-3, atol=1e-4)
