"""Counts, options and bad input of all staged networks of the catalog."""

from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest
import torch
from catalog_configs import catalog_run
from torch import Tensor, nn

from zoo.config.instantiate import instantiate, locate
from zoo.config.listing import list_models
from zoo.errors import ZooError
from zoo.networks.alexnet import AlexNet
from zoo.networks.efficientnet_lite import EfficientNetLite
from zoo.networks.googlenet import GoogLeNet
from zoo.networks.inception import InceptionV3
from zoo.networks.resnet import ResNet
from zoo.networks.staged import StagedNetwork
from zoo.networks.vgg import VGG

SLOW = ("vgg11", "c3d")  # two copies with 133 and 78 million parameters
ALEXNET_2012 = {"channels": (96, 256, 384, 384, 256), "first_padding": 0}

Build = Callable[..., StagedNetwork]


def staged_networks() -> dict[str, dict[str, Any]]:
    """The network configuration of each model of the catalog whose network is a `StagedNetwork`."""
    networks = {name: catalog_run(name)["model"]["network"] for name in list_models()}
    return {
        name: network for name, network in networks.items() if issubclass(locate(network["_target_"]), StagedNetwork)
    }


def build(name: str, **options: Any) -> StagedNetwork:
    return instantiate(NETWORKS[name] | options)


def build_on_meta(name: str, **options: Any) -> StagedNetwork:
    with torch.device("meta"):
        return build(name, **options)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def of_volumes(name: str) -> bool:
    return "volume_size" in signature(locate(NETWORKS[name]["_target_"])).parameters


def shape(name: str, channels: int | None = None, side: int = 96) -> tuple[int, ...]:
    """Of two images, or of two volumes of the size and channels that the network is built for by default."""
    defaults = signature(locate(NETWORKS[name]["_target_"])).parameters
    space = defaults["volume_size"].default if of_volumes(name) else (side, side)
    return 2, channels or defaults["in_channels"].default, *space


def logits_of(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else output.logits


NETWORKS = staged_networks()
# The last entry of a class wins, which is its smallest model.
BY_SIZE = sorted(NETWORKS, key=lambda name: count(build_on_meta(name)), reverse=True)
SMALLEST = {NETWORKS[name]["_target_"]: name for name in BY_SIZE}
every_model = pytest.mark.parametrize("name", NETWORKS)
smallest_of_each_class = pytest.mark.parametrize("name", SMALLEST.values())


@pytest.mark.parametrize(
    ("network", "options", "expected"),
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
def test_parameter_counts_are_the_published_ones(network: Build, options: dict[str, Any], expected: int) -> None:
    with torch.device("meta"):
        assert count(network(**options)) == expected


@every_model
def test_any_number_of_classes_and_channels(name: str) -> None:
    network = build_on_meta(name, num_classes=7, in_channels=5).eval()
    assert logits_of(network(torch.zeros(shape(name, 5), device="meta"))).shape == (2, 7)
    assert [network.get_submodule(head).out_features for head in network.heads] == [7] * len(network.heads)


@every_model
def test_no_classes_give_pooled_features(name: str) -> None:
    head = build_on_meta(name).get_submodule(build_on_meta(name).heads[0])
    network = build_on_meta(name, num_classes=0).eval()
    assert logits_of(network(torch.zeros(shape(name), device="meta"))).shape == (2, head.in_features)


@every_model
def test_every_parameter_of_the_trunk_belongs_to_one_stage(name: str) -> None:
    network = build_on_meta(name)
    members = [id(p) for layers in network.stages().values() for layer in layers.values() for p in layer.parameters()]
    layers = [layer for layers in network.stages().values() for layer in layers]
    trunk = {layer.split(".")[0] for layer in layers}
    expected = [id(p) for path, p in network.named_parameters() if path.split(".")[0] in trunk]
    assert sorted(members) == sorted(expected)
    assert all(network.get_submodule(layer) is not None for layer in layers)


@smallest_of_each_class
def test_features_are_the_intermediate_maps_of_the_network(name: str) -> None:
    torch.manual_seed(0)
    network = build(name, num_classes=3).eval()
    stages = network.stages()
    first, second = list(stages)[:2]
    layer = next(iter(stages[first]))
    features = [second, layer]  # another order than that of the network
    truncated = build_on_meta(name, features=features)
    removed = set(network.state_dict()) - set(truncated.state_dict())
    assert removed
    kept = {path: value for path, value in network.state_dict().items() if path not in removed}
    truncated.load_state_dict(kept, strict=True, assign=True)
    expected: dict[str, Tensor] = {}
    for feature, path in ((layer, layer), (second, list(stages[second])[-1])):
        hook = lambda _module, _inputs, output, feature=feature: expected.__setitem__(feature, output.clone())  # noqa: E731
        network.get_submodule(path).register_forward_hook(hook)
    images = torch.randn(shape(name))
    with torch.no_grad():
        network(images)
        maps = truncated.eval()(images)
    assert list(maps) == features
    for feature in features:
        assert torch.equal(maps[feature], expected[feature]), feature


@every_model
def test_features_give_every_parameter_a_gradient(name: str) -> None:
    network = build_on_meta(name, features=[next(iter(build_on_meta(name).stages()))])
    maps = network(torch.zeros(shape(name), device="meta"))
    sum(x.sum() for x in maps.values()).backward()
    assert all(p.grad is not None for p in network.parameters())


def test_an_unknown_feature_is_reported_with_the_known_ones() -> None:
    with pytest.raises(ZooError, match=r"`features` \(=\['layer5'\]\) must name layers from: stem, conv1, .*r4.1$"):
        build_on_meta("resnet18", features=["layer5"])


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in SMALLEST.values()]
)
def test_checkpointing_keeps_gradients_and_statistics(name: str) -> None:
    torch.manual_seed(0)
    plain = build(name, num_classes=4)
    checkpointed = build(name, num_classes=4, checkpointing=True)
    checkpointed.load_state_dict(plain.state_dict())
    images = torch.randn(shape(name, side=80))
    for network in (plain, checkpointed):
        torch.manual_seed(1)
        output = network.train()(images)
        (output if isinstance(output, Tensor) else output.logits + sum(output.auxiliary)).square().sum().backward()
    for (path, a), b in zip(plain.named_parameters(), checkpointed.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, msg=path)
    for (path, a), b in zip(plain.named_buffers(), checkpointed.buffers(), strict=True):
        assert torch.equal(a, b), path


@pytest.mark.parametrize("name", [name for name in NETWORKS if not of_volumes(name)])
def test_min_size_is_the_smallest_that_works(name: str) -> None:
    network = build_on_meta(name).eval()
    size = network.min_size
    network(torch.zeros(2, 3, size, size, device="meta"))
    if size == 1:
        return
    smaller = torch.zeros(2, 3, 200, size - 1, device="meta")
    with pytest.raises(ZooError, match=f"takes images of at least {size}×{size} pixels, not 200×{size - 1}"):
        network(smaller)
    network.min_size = 1
    with pytest.raises(RuntimeError):
        network(smaller)


@pytest.mark.parametrize(
    ("network", "options"), [(VGG, {"depths": (2, 2, 4, 4, 4)}), (ResNet, {"layers": (3, 4, 6, 3)})]
)
def test_deep_plain_and_residual_networks_start_at_ln_k(network: Build, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    built = network(num_classes=10, **options)
    images, labels = torch.randn(4, 3, 32, 32), torch.arange(4)
    with torch.no_grad():
        logits = built(images)
        loss = nn.functional.cross_entropy(logits, labels)
    assert abs(loss.item() - 2.3026) < 1.0
    assert logits.std(0).mean() > 0.02  # the signal of the images arrives: with PyTorch's default it is 1e-6


def test_bad_options_are_reported() -> None:
    with pytest.raises(ZooError, match=r"`stride_on` \(='2x2'\) must be one of 3x3, 1x1"):
        build_on_meta("resnet50", stride_on="2x2")
    with pytest.raises(ZooError, match=r"`num_classes` \(=-1\) must not be negative"):
        build_on_meta("alexnet", num_classes=-1)


def test_a_network_of_features_ends_with_the_last_map_that_is_asked_for():
    network = VGG(depths=[1, 1, 1, 1, 1], features=["stage1", "stage2", "stage3"]).eval()
    images, ran = torch.rand(1, 3, 64, 64), []
    for name, layers in network.stages().items():
        for layer in layers.values():
            layer.register_forward_hook(lambda *_, name=name: ran.append(name))
    maps = network.run(images, ("stage2", "stage1"))[1]
    assert list(maps) == ["stage2", "stage1"]
    assert set(ran) == {"stage1", "stage2"}
    torch.testing.assert_close(maps["stage2"], network(images)["stage2"], rtol=0, atol=0)
    torch.testing.assert_close(network.run(images, ())[0], network(images)["stage3"], rtol=0, atol=0)
