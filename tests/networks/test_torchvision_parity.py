"""Our networks hold torchvision's weights, and say and learn what torchvision's say and learn."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import models

from zoo.networks.alexnet import AlexNet
from zoo.networks.googlenet import GoogLeNet
from zoo.networks.inception import InceptionV3
from zoo.networks.resnet import ResNet
from zoo.networks.vgg import VGG

VGGS = {"vgg11": (1, 1, 2, 2, 2), "vgg13": (2, 2, 2, 2, 2), "vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
RESNETS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3), "resnet152": (3, 8, 36, 3)}

OURS: dict[str, tuple[type[nn.Module], dict[str, Any]]] = {
    "alexnet": (AlexNet, {}),
    **{name: (VGG, {"depths": depths}) for name, depths in VGGS.items()},
    **{f"{name}_bn": (VGG, {"depths": depths, "batch_norm": True}) for name, depths in VGGS.items()},
    "resnet18": (ResNet, {"layers": (2, 2, 2, 2), "block": "basic"}),
    "resnet34": (ResNet, {"layers": (3, 4, 6, 3), "block": "basic"}),
    **{name: (ResNet, {"layers": layers}) for name, layers in RESNETS.items()},
    "googlenet": (GoogLeNet, {}),
    "inception_v3": (InceptionV3, {}),
}
# One of each family in every run, with its smallest sensible image; the others are marked slow.
QUICK = {"alexnet": 63, "vgg11_bn": 32, "resnet18": 32, "resnet50": 32, "googlenet": 32, "inception_v3": 75}
SIZES = {"alexnet": 64, "googlenet": 64, "inception_v3": 299}
AUXILIARY = ("googlenet", "inception_v3")


def theirs(name: str) -> nn.Module:
    plain = {"init_weights": False} if name in AUXILIARY or name.startswith("vgg") else {}
    return getattr(models, name)(weights=None, **plain)


def ours(name: str) -> nn.Module:
    kind, arguments = OURS[name]
    return kind(**arguments)


def shapes(network: nn.Module) -> dict[str, torch.Size]:
    return {key: value.shape for key, value in network.state_dict().items()}


@pytest.mark.parametrize("name", OURS)
def test_state_dict_has_the_names_and_shapes_of_torchvision(name: str) -> None:
    with torch.device("meta"):
        mine, other = ours(name), theirs(name)
    assert shapes(mine) == shapes(other)
    weights = models.get_model_weights(name).DEFAULT
    published = {"googlenet": 13_004_888}.get(name, weights.meta["num_params"])  # theirs leaves the auxiliaries out
    assert sum(p.numel() for p in mine.parameters()) == published


def pair(name: str) -> tuple[nn.Module, nn.Module]:
    """Both networks with the same weights, those scaled so that activations neither vanish nor explode."""
    torch.manual_seed(0)
    other = theirs(name)
    for module in other.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1)
            nn.init.uniform_(module.running_var, 0.5, 2)
    with torch.device("meta"):
        mine = ours(name)
    mine.load_state_dict({k: v.clone() for k, v in other.state_dict().items()}, strict=True, assign=True)
    return mine, other


def logits(output: Any) -> torch.Tensor:
    return output if isinstance(output, torch.Tensor) else output.logits


def compare(name: str, size: int) -> None:
    mine, other = pair(name)
    images = torch.randn(2, 3, size, size)
    with torch.no_grad():
        expected = other.eval()(images)
        found = logits(mine.eval()(images))
    assert expected.abs().max() > 1e-3
    assert (found - expected).abs().max() <= 1e-5 * max(1.0, expected.abs().max().item())
    labels = torch.tensor([3, 7])
    for network in (mine, other):
        F.cross_entropy(logits(network(images)), labels).backward()
    gradients = {k: p.grad for k, p in other.named_parameters() if p.grad is not None}
    assert len(gradients) > 10
    for key, parameter in mine.named_parameters():
        if key not in gradients:  # auxiliary heads take no part in eval
            assert parameter.grad is None
            continue
        scale = max(1.0, gradients[key].abs().max().item())
        assert (parameter.grad - gradients[key]).abs().max() <= 1e-4 * scale, key


@pytest.mark.parametrize("name", QUICK)
def test_outputs_and_gradients_equal_torchvision(name: str) -> None:
    compare(name, QUICK[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_outputs_and_gradients_equal_torchvision_for_every_variant(name: str) -> None:
    compare(name, SIZES.get(name, 64))


@pytest.mark.parametrize(
    ("name", "size"), [("googlenet", 32), pytest.param("inception_v3", 299, marks=pytest.mark.slow)]
)
def test_auxiliary_logits_equal_torchvision(name: str, size: int) -> None:
    mine, other = pair(name)
    for network in (mine, other):
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
    images = torch.randn(2, 3, size, size)
    with torch.no_grad():
        main, *auxiliary = other.train()(images)
        found = mine.train()(images)
    for a, b in zip((found.logits, *found.auxiliary), (main, *auxiliary), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
    for key, value in other.state_dict().items():
        if "running" in key:
            torch.testing.assert_close(mine.state_dict()[key], value)
