"""VGG-11, 13, 16 and 19, with and without batch normalization."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.networks.staged import Layers, StagedNetwork, head, initialize, pooled_stages

WIDTHS = (64, 128, 256, 512, 512)


class VGG(StagedNetwork):
    """VGG: five stages of 3×3 convolutions, each followed by a 2×2 max pooling, and three fully connected layers.

    Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, 2014
    (arXiv:1409.1556). State-dict names are those of torchvision.

    `depths` holds the number of convolutions of each stage: (1, 1, 2, 2, 2) is VGG-11 (A), (2, 2, 2, 2, 2) VGG-13 (B),
    (2, 2, 3, 3, 3) VGG-16 (D) and (2, 2, 4, 4, 4) VGG-19 (E).
    """

    heads = ("classifier.6",)
    channels_last = False
    min_size = 32

    def __init__(
        self,
        *,
        depths: Sequence[int],
        batch_norm: bool = False,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.5,
        features: Sequence[str] | None = None,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = in_channels
        for width, depth in zip(WIDTHS, depths, strict=True):
            for _ in range(depth):
                layers.append(nn.Conv2d(channels, width, 3, padding=1))
                if batch_norm:
                    layers.append(nn.BatchNorm2d(width))
                layers.append(nn.ReLU(inplace=True))
                channels = width
            layers.append(nn.MaxPool2d(2, stride=2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            head(4096, num_classes),
        )
        initialize(self, self.heads)
        self.finish(features=features, checkpointing=checkpointing)

    def stages(self) -> dict[str, Layers]:
        """Returns `stage1` … `stage5`, each ending with a max pooling."""
        return pooled_stages(self.features)

    def classify(self, trunk: Float[Tensor, "n c h w"]) -> Float[Tensor, "n out"]:
        """Applies adaptive pooling to 7×7 and the fully connected layers."""
        return self.classifier(torch.flatten(self.avgpool(trunk), 1))
