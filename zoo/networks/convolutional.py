"""Converts a classifier into convolutions, for sliding windows over a larger image in one pass."""

import copy
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.staged import StagedNetwork

_ELEMENTWISE = (nn.ReLU, nn.ReLU6, nn.Tanh, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Identity, nn.Dropout)


class Convolutional(nn.Module):
    """A fully convolutional classifier: trunk and head return a map with the logits of each window."""

    def __init__(self, trunk: nn.Module, head: nn.Sequential) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k i j"]:
        """Returns the logits of the window at row `i`, column `j`; the window stride is the trunk's total stride."""
        trunk = self.trunk
        return self.head(trunk.run(images, ())[0] if isinstance(trunk, StagedNetwork) else trunk(images))


@torch.no_grad()
def to_convolutional(network: nn.Module, *, in_channels: int, image_size: int) -> Convolutional:
    """Returns a copy of `network` that classifies every window of `image_size` pixels of a larger image in one pass.

    The first fully connected layer and the pooling before it become a convolution as large as the trunk's map. The
    other layers become 1×1 convolutions (Sermanet et al., OverFeat, 2013, arXiv:1312.6229).

    Without padding in the trunk, each output equals that of `network` on the cropped window. With padding, a window
    sees neighboring pixels where the crop sees zeros.

    Raises:
        ZooError: the network is not a trunk followed by fully connected layers.
    """
    network = copy.deepcopy(network).eval()
    trunk, pooling, layers = _split(network)
    image = torch.zeros(1, in_channels, image_size, image_size, device=next(network.parameters()).device)
    height, width = (trunk.run(image, ())[0] if isinstance(trunk, StagedNetwork) else trunk(image)).shape[-2:]
    cells = torch.eye(height * width, device=image.device).view(-1, 1, height, width)
    pooled = cells if pooling is None else pooling(cells)
    share = pooled.flatten(1)  # the weight of each cell of the map in each cell after pooling
    head: list[nn.Module] = []
    window = (height, width)
    for layer in _flatten(layers):
        if isinstance(layer, nn.Linear):
            channels = layer.in_features // share.shape[1]
            conv = nn.Conv2d(channels, layer.out_features, window, bias=layer.bias is not None)
            weight = layer.weight.view(layer.out_features, channels, -1) @ share.T
            conv.weight.copy_(weight.view_as(conv.weight))
            if conv.bias is not None and layer.bias is not None:
                conv.bias.copy_(layer.bias)
            head.append(conv)
            share, window = torch.ones(1, 1, device=image.device), (1, 1)
        elif isinstance(layer, _ELEMENTWISE):
            head.append(layer)
        elif not isinstance(layer, nn.Flatten):
            raise ZooError(f"a head with {type(layer).__name__} cannot be turned into convolutions")
    if isinstance(trunk, StagedNetwork):
        for name in {name.partition(".")[0] for name in trunk.heads}:
            trunk.set_submodule(name, nn.Identity())
    return Convolutional(trunk, nn.Sequential(*head).to(image.device)).eval()


def _split(network: nn.Module) -> tuple[nn.Module, nn.Module | None, list[nn.Module]]:
    children = list(network.children())
    if isinstance(network, StagedNetwork):
        after = next((i for i, m in enumerate(children) if isinstance(m, nn.AdaptiveAvgPool2d)), None)
        if after is not None:
            return network, children[after], children[after + 1 :]
    elif [name for name, _ in network.named_children()] == ["features", "classifier"]:
        return children[0], None, [children[1]]
    raise ZooError(f"{type(network).__name__} is not a trunk and a fully connected head, so it has no sliding form")


def _flatten(layers: list[nn.Module]) -> Iterator[nn.Module]:
    for layer in layers:
        if isinstance(layer, nn.Sequential):
            yield from _flatten(list(layer))
        else:
            yield layer
