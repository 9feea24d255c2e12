"""Counts, options and bad input that all staged networks share."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.alexnet import AlexNet
from zoo.networks.efficientnet_lite import EfficientNetLite
from zoo.networks.googlenet import GoogLeNet
from zoo.networks.inception import InceptionV3
from zoo.networks.resnet import ResNet
from zoo.networks.staged import StagedNetwork
from zoo.networks.vgg import VGG

ALEXNET_2012 = {"channels": (96, 256, 384, 384, 256), "first_padding": 0}
VGG11 = (1, 1, 2, 2, 2)
Build = Callable[..., StagedNetwork]
FAMILIES: dict[str, Build] = {
    "alexnet": AlexNet,
    "vgg": lambda **options: VGG(depths=VGG11, batch_norm=True, **options),
    "resnet": lambda **options: ResNet(layers=(2, 1, 1, 1), **options),
    "googlenet": GoogLeNet,
    "inception": InceptionV3,
    "efficientnet_lite": EfficientNetLite,
}
POOLED = {"alexnet": 4096, "vgg": 4096, "resnet": 2048, "googlenet": 1024, "inception": 2048, "efficientnet_lite": 1280}
families = pytest.mark.parametrize("family", FAMILIES)


def on_meta(build: Build, **options: Any) -> StagedNetwork:
    with torch.device("meta"):
        return build(**options)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("build", "options", "expected"),
    [
        (AlexNet, {}, 61_100_840),
        (AlexNet, {"num_classes": 10}, 57_044_810),
        (AlexNet, ALEXNET_2012, 62_378_344),
        (AlexNet, ALEXNET_2012 | {"groups": 2}, 60_965_224),
        (VGG, {"depths": (2, 2, 3, 3, 3)}, 138_357_544),
        (VGG, {"depths": (2, 2, 3, 3, 3), "num_classes": 10}, 134_301_514),
        (ResNet, {"layers": (3, 4, 6, 3)}, 25_557_032),
        (ResNet, {"layers": (3, 4, 6, 3), "stride_on": "1x1"}, 25_557_032),
        (ResNet, {"layers": (3, 4, 6, 3), "num_classes": 6}, 23_520_326),
        (GoogLeNet, {}, 13_004_888),
        (GoogLeNet, {"auxiliary": False}, 6_624_904),
        (InceptionV3, {"auxiliary": False}, 23_834_568),
        (EfficientNetLite, {}, 4_652_008),
    ],
)
def test_parameter_counts_are_the_published_ones(build: Build, options: dict[str, Any], expected: int) -> None:
    assert count(on_meta(build, **options)) == expected


@families
def test_any_number_of_classes_and_channels(family: str) -> None:
    network = on_meta(FAMILIES[family], num_classes=7, in_channels=5).eval()
    output = network(torch.zeros(2, 5, 96, 96, device="meta"))
    assert (output if isinstance(output, Tensor) else output.logits).shape == (2, 7)
    assert [network.get_submodule(head).out_features for head in network.heads] == [7] * len(network.heads)


@families
def test_no_classes_give_pooled_features(family: str) -> None:
    network = on_meta(FAMILIES[family], num_classes=0).eval()
    output = network(torch.zeros(2, 3, 96, 96, device="meta"))
    assert (output if isinstance(output, Tensor) else output.logits).shape == (2, POOLED[family])


@families
def test_every_parameter_of_the_trunk_belongs_to_one_stage(family: str) -> None:
    network = on_meta(FAMILIES[family])
    members = [id(p) for layers in network.stages().values() for layer in layers.values() for p in layer.parameters()]
    layers = [name for layers in network.stages().values() for name in layers]
    trunk = {name.split(".")[0] for name in layers}
    expected = [id(p) for name, p in network.named_parameters() if name.split(".")[0] in trunk]
    assert sorted(members) == sorted(expected)
    assert all(network.get_submodule(name) is not None for name in layers)


@families
def test_features_are_the_maps_that_the_network_computes_on_its_way(family: str) -> None:
    torch.manual_seed(0)
    whole = FAMILIES[family](num_classes=3).eval()
    stages = whole.stages()
    middle = list(stages)[1]
    layer = next(iter(stages["stem" if "stem" in stages else "stage1"]))
    wanted = [middle, layer]  # not in the order of the network
    with torch.device("meta"):
        cut = FAMILIES[family](features=wanted)
    left_over = set(whole.state_dict()) - set(cut.state_dict())
    kept = {k: v for k, v in whole.state_dict().items() if k not in left_over}
    cut.load_state_dict(kept, strict=True, assign=True)
    assert left_over
    seen: dict[str, Tensor] = {}
    whole.get_submodule(layer).register_forward_hook(lambda m, x, y: seen.__setitem__(layer, y.clone()))
    last = list(stages[middle])[-1]
    whole.get_submodule(last).register_forward_hook(lambda m, x, y: seen.__setitem__(middle, y.clone()))
    images = torch.randn(2, 3, 96, 96)
    with torch.no_grad():
        whole(images)
        maps = cut.eval()(images)
    assert list(maps) == wanted
    for name in wanted:
        assert torch.equal(maps[name], seen[name]), name
    assert {k for k, p in cut.named_parameters() if k in left_over} == set()


@families
def test_features_give_every_parameter_a_gradient(family: str) -> None:
    network = FAMILIES[family](features=["stem" if family not in ("alexnet", "vgg") else "stage1"])
    maps = network(torch.randn(2, 3, 96, 96))
    sum(x.sum() for x in maps.values()).backward()
    assert all(p.grad is not None for p in network.parameters())


def test_unknown_feature_lists_those_that_exist() -> None:
    with pytest.raises(ZooError, match=r"`features` \(=\['layer5'\]\) must name layers from: stem, conv1, .*r4.1$"):
        on_meta(ResNet, layers=(2, 2, 2, 2), block="basic", features=["layer5"])


@pytest.mark.parametrize("family", ["resnet", "googlenet", "efficientnet_lite"])
def test_checkpointing_changes_nothing_but_memory(family: str) -> None:
    torch.manual_seed(0)
    options = {"num_classes": 4} | ({"drop_path": 0.0} if family == "efficientnet_lite" else {})
    plain = FAMILIES[family](**options, checkpointing=False)
    saving = FAMILIES[family](**options, checkpointing=True)
    saving.load_state_dict(plain.state_dict())
    images = torch.randn(2, 3, 48, 48)
    for network in (plain, saving):
        torch.manual_seed(1)
        output = network.train()(images)
        (output if isinstance(output, Tensor) else output.logits + sum(output.auxiliary)).square().sum().backward()
    for (name, a), b in zip(plain.named_parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, msg=name)
    for (name, a), b in zip(plain.named_buffers(), saving.buffers(), strict=True):
        assert torch.equal(a, b), name


@pytest.mark.parametrize(("family", "least"), [("alexnet", 63), ("vgg", 32), ("googlenet", 15), ("inception", 75)])
def test_least_image_size(family: str, least: int) -> None:
    network = on_meta(FAMILIES[family]).eval()
    network(torch.zeros(2, 3, least, least, device="meta"))
    with pytest.raises(ZooError, match=f"takes images of at least {least}×{least} pixels, not 200×{least - 1}"):
        network(torch.zeros(2, 3, 200, least - 1, device="meta"))


def test_least_image_size_of_2012() -> None:
    network = on_meta(AlexNet, **ALEXNET_2012)
    network(torch.zeros(2, 3, 67, 67, device="meta"))
    with pytest.raises(ZooError, match="at least 67×67"):
        network(torch.zeros(2, 3, 66, 66, device="meta"))


@pytest.mark.parametrize(("build", "option"), [(VGG, {"depths": (2, 2, 4, 4, 4)}), (ResNet, {"layers": (3, 4, 6, 3)})])
def test_deep_plain_and_residual_networks_start_at_ln_k(build: Build, option: dict[str, Any]) -> None:
    torch.manual_seed(0)
    network = build(num_classes=10, **option)
    images, labels = torch.randn(4, 3, 32, 32), torch.arange(4)
    with torch.no_grad():
        logits = network(images)
        loss = nn.functional.cross_entropy(logits, labels)
    assert abs(loss.item() - 2.3026) < 1.0
    assert logits.std(0).mean() > 0.02  # the signal of the images arrives: with PyTorch's default it is 1e-6


def test_bad_options_are_told() -> None:
    with pytest.raises(ZooError, match=r"`stride_on` \(='2x2'\) must be one of 3x3, 1x1"):
        on_meta(ResNet, layers=(1, 1, 1, 1), stride_on="2x2")
    with pytest.raises(ZooError, match=r"`num_classes` \(=-1\) must not be negative"):
        on_meta(AlexNet, num_classes=-1)
