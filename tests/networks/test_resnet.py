"""ResNet's own options."""

import torch
from torch import nn

from zoo.networks.resnet import Bottleneck, ResNet


def test_stride_on_selects_the_convolution_with_the_stride() -> None:
    for stride_on, expected in (("3x3", [1, 2]), ("1x1", [2, 1])):
        with torch.device("meta"):
            network = ResNet(layers=(1, 1, 1, 1), stride_on=stride_on)
        block = network.get_submodule("layer2.0")
        assert [block.conv1.stride[0], block.conv2.stride[0]] == expected


def test_small_stem_keeps_the_resolution() -> None:
    with torch.device("meta"):
        network = ResNet(layers=(1, 1, 1, 1), stem="small", features=["stem", "layer1", "layer4"])
        maps = network(torch.zeros(2, 3, 32, 32))
    assert [tuple(maps[name].shape[1:]) for name in maps] == [(64, 32, 32), (256, 32, 32), (2048, 4, 4)]


def test_six_classes_at_64_pixels_have_the_shapes_of_the_paper() -> None:
    names = ["conv1", "stem", "layer1", "layer2", "layer3", "layer4"]
    with torch.device("meta"):
        maps = ResNet(layers=(3, 4, 6, 3), features=names)(torch.zeros(2, 3, 64, 64))
        logits = ResNet(layers=(3, 4, 6, 3), num_classes=6)(torch.zeros(2, 3, 64, 64))
    assert [maps[name].shape[-1] for name in names] == [32, 16, 16, 8, 4, 2]
    assert logits.shape == (2, 6)


def test_a_block_whose_last_norm_is_zero_is_its_shortcut() -> None:
    block = Bottleneck(256, 64, stride=1, stride_on="3x3").eval()
    nn.init.zeros_(block.bn3.weight)
    x = torch.randn(2, 256, 5, 5)
    assert torch.equal(block(x), x.relu())
    network = ResNet(layers=(1, 1, 1, 1), zero_init_residual=True)
    assert all(not m.bn3.weight.any() for m in network.modules() if isinstance(m, Bottleneck))
