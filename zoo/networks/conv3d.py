"""A small 3-D convolutional network, trained in minutes on two cores."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.staged import Layers, StagedNetwork, head, pooled_stages


class Conv3DNetwork(StagedNetwork):
    """Blocks of 3×3×3 convolution, batch norm, ReLU and 2×2×2 max pooling; global average pooling; a linear layer.

    `channels` gives the number of filters of each block. `num_classes=0` returns the pooled features, `features` the
    maps of blocks and layers. Weights are drawn by Kaiming initialization (He et al. 2015, arXiv:1502.01852).

    Raises:
        ZooError: no block, or a volume that the poolings would empty.
    """

    heads = ("classifier",)
    channels_last = False

    def __init__(
        self,
        *,
        num_classes: int = 10,
        in_channels: int = 1,
        volume_size: Sequence[int] = (32, 32, 32),
        channels: Sequence[int] = (16, 32, 64),
        features: Sequence[str] | None = None,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        if not channels:
            raise ZooError("`channels` is empty: give the number of filters of each block, such as [16,32,64]")
        least = 2 ** len(channels)
        if min(volume_size) < least:
            sides = "×".join(map(str, volume_size))
            raise ZooError(
                f"each of {len(channels)} blocks halves a volume: its sides need {least} voxels, and these have {sides}"
            )
        layers: list[nn.Module] = []
        for before, after in zip([in_channels, *channels], channels, strict=False):
            layers += [
                nn.Conv3d(before, after, 3, padding=1, bias=False),  # the norm has a bias
                nn.BatchNorm3d(after),
                nn.ReLU(inplace=True),
                nn.MaxPool3d(2),
            ]
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool3d(1)
        self.classifier = head(channels[-1], num_classes)
        initialize_3d(self, self.heads)
        self.finish(features=features, checkpointing=checkpointing)

    def stages(self) -> dict[str, Layers]:
        """The blocks, each up to its pooling."""
        return pooled_stages(self.features)

    def classify(self, trunk: Float[Tensor, "n c d h w"]) -> Float[Tensor, "n out"]:
        """Pooling and classifier."""
        return self.classifier(self.avgpool(trunk).flatten(1))


def initialize_3d(network: nn.Module, last: Sequence[str]) -> None:
    """Applies Kaiming initialization, and small weights in the `last` layers, which start the loss at ln K."""
    for name, module in network.named_modules():
        if isinstance(module, nn.Linear) and name in last:
            nn.init.normal_(module.weight, std=0.01)
        elif isinstance(module, nn.Conv3d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
