"""C3D, a network for clips of 16 frames."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.conv3d import initialize_3d
from zoo.networks.staged import Layers, StagedNetwork, head, pooled_stages

_LEAST = (16, 16, 16)  # frames, height, width: below it a pooling empties the map


class C3D(StagedNetwork):
    """C3D: eight 3×3×3 convolutions with five max poolings, and three fully connected layers.

    It has 78,409,573 parameters for clips [3 16 112 112] and 101 classes. The first pooling keeps the frames apart.

    Source: Tran et al., Learning Spatiotemporal Features with 3D Convolutional Networks, 2015, arXiv:1412.0767.
    Weights are drawn by Kaiming initialization. `num_classes=0` returns the 4,096 features of fc7, `features` the maps
    of stages and layers; `checkpointing` recomputes maps in the backward pass.

    Raises:
        ZooError: a clip that the poolings would empty.
    """

    heads = ("fc8",)
    channels_last = False

    def __init__(
        self,
        *,
        num_classes: int = 101,
        in_channels: int = 3,
        volume_size: Sequence[int] = (16, 112, 112),
        dropout: float = 0.5,
        features: Sequence[str] | None = None,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        if any(side < least for side, least in zip(volume_size, _LEAST, strict=True)):
            raise ZooError(
                f"C3D takes clips of at least {'×'.join(map(str, _LEAST))} (frames, height, width), "
                f"not {'×'.join(map(str, volume_size))}"
            )
        self.features = nn.Sequential(
            *_convolution(in_channels, 64),
            nn.MaxPool3d((1, 2, 2)),
            *_convolution(64, 128),
            nn.MaxPool3d(2),
            *_convolution(128, 256),
            *_convolution(256, 256),
            nn.MaxPool3d(2),
            *_convolution(256, 512),
            *_convolution(512, 512),
            nn.MaxPool3d(2),
            *_convolution(512, 512),
            *_convolution(512, 512),
            nn.MaxPool3d(2, padding=(0, 1, 1)),
        )
        frames, height, width = volume_size
        cells = (frames // 16) * (height // 32 + 1) * (width // 32 + 1)  # the last pooling is padded
        self.fc6 = nn.Sequential(nn.Linear(512 * cells, 4096), nn.ReLU(inplace=True), nn.Dropout(dropout))
        self.fc7 = nn.Sequential(nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout(dropout))
        self.fc8 = head(4096, num_classes)
        initialize_3d(self, self.heads)
        self.finish(features=features, checkpointing=checkpointing)

    def stages(self) -> dict[str, Layers]:
        """The layers up to each pooling."""
        return pooled_stages(self.features)

    def classify(self, trunk: Float[Tensor, "n c d h w"]) -> Float[Tensor, "n out"]:
        """The fully connected layers."""
        return self.fc8(self.fc7(self.fc6(trunk.flatten(1))))


def _convolution(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv3d(before, after, 3, padding=1), nn.ReLU(inplace=True)]
