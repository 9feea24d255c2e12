"""Inception v3."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from zoo.networks.googlenet import ConvNorm
from zoo.networks.staged import Layers, Outputs, StagedNetwork, head, initialize


class ModuleA(nn.Module):
    """Inception module A on 35×35 maps: 1×1 ‖ 5×5 ‖ two 3×3 ‖ pooling (figure 5)."""

    def __init__(self, channels: int, pool: int) -> None:
        super().__init__()
        self.branch1x1 = ConvNorm(channels, 64, 1)
        self.branch5x5_1 = ConvNorm(channels, 48, 1)
        self.branch5x5_2 = ConvNorm(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = ConvNorm(channels, 64, 1)
        self.branch3x3dbl_2 = ConvNorm(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = ConvNorm(96, 96, 3, padding=1)
        self.branch_pool = ConvNorm(channels, pool, 1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        """Concatenates the four branches."""
        five = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, stride=1, padding=1))
        return torch.cat([self.branch1x1(x), five, double, pooled], 1)


class ModuleB(nn.Module):
    """Inception module B: reduces 35×35 maps to 17×17 (figure 10)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3 = ConvNorm(channels, 384, 3, stride=2)
        self.branch3x3dbl_1 = ConvNorm(channels, 64, 1)
        self.branch3x3dbl_2 = ConvNorm(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = ConvNorm(96, 96, 3, stride=2)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d k l"]:
        """Concatenates two strided branches and a max pooling."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, stride=2)], 1)


class ModuleC(nn.Module):
    """Inception module C on 17×17 maps: 7×7 convolutions factorized into 1×7 and 7×1 (figure 6)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        row, column = (1, 7), (7, 1)
        self.branch1x1 = ConvNorm(channels, 192, 1)
        self.branch7x7_1 = ConvNorm(channels, width, 1)
        self.branch7x7_2 = ConvNorm(width, width, row, padding=(0, 3))
        self.branch7x7_3 = ConvNorm(width, 192, column, padding=(3, 0))
        self.branch7x7dbl_1 = ConvNorm(channels, width, 1)
        self.branch7x7dbl_2 = ConvNorm(width, width, column, padding=(3, 0))
        self.branch7x7dbl_3 = ConvNorm(width, width, row, padding=(0, 3))
        self.branch7x7dbl_4 = ConvNorm(width, width, column, padding=(3, 0))
        self.branch7x7dbl_5 = ConvNorm(width, 192, row, padding=(0, 3))
        self.branch_pool = ConvNorm(channels, 192, 1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        """Concatenates the four branches."""
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, stride=1, padding=1))
        return torch.cat([self.branch1x1(x), seven, double, pooled], 1)


class ModuleD(nn.Module):
    """Inception module D: reduces 17×17 maps to 8×8."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3_1 = ConvNorm(channels, 192, 1)
        self.branch3x3_2 = ConvNorm(192, 320, 3, stride=2)
        self.branch7x7x3_1 = ConvNorm(channels, 192, 1)
        self.branch7x7x3_2 = ConvNorm(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = ConvNorm(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = ConvNorm(192, 192, 3, stride=2)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d k l"]:
        """Concatenates two strided branches and a max pooling."""
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        three = self.branch3x3_2(self.branch3x3_1(x))
        return torch.cat([three, self.branch7x7x3_4(seven), F.max_pool2d(x, 3, stride=2)], 1)


class ModuleE(nn.Module):
    """Inception module E on 8×8 maps: 3×3 convolutions replaced by parallel 1×3 and 3×1 (figure 7)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch1x1 = ConvNorm(channels, 320, 1)
        self.branch3x3_1 = ConvNorm(channels, 384, 1)
        self.branch3x3_2a = ConvNorm(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = ConvNorm(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = ConvNorm(channels, 448, 1)
        self.branch3x3dbl_2 = ConvNorm(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = ConvNorm(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = ConvNorm(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = ConvNorm(channels, 192, 1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        """Concatenates the six branches."""
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, stride=1, padding=1))
        threes = [self.branch3x3_2a(three), self.branch3x3_2b(three)]
        doubles = [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        return torch.cat([self.branch1x1(x), *threes, *doubles, pooled], 1)


class AuxiliaryHead(nn.Module):
    """Auxiliary classifier on the last 17×17 map."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv0 = ConvNorm(channels, 128, 1)
        self.conv1 = ConvNorm(128, 768, 5)
        self.fc = nn.Linear(768, num_classes)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """Returns logits."""
        # Smaller maps than 17×17 are pooled to the published 5×5, so that smaller images can be used for training.
        x = F.avg_pool2d(x, 5, stride=3) if min(x.shape[-2:]) >= 17 else F.adaptive_avg_pool2d(x, (5, 5))
        x = self.conv1(self.conv0(x))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class InceptionV3(StagedNetwork):
    """Inception v3: eleven Inception modules of five types, and one auxiliary head.

    Szegedy et al., Rethinking the Inception Architecture for Computer Vision, 2015 (arXiv:1512.00567). State-dict
    names are those of torchvision. Designed for 299×299 images.
    """

    heads = ("fc", "AuxLogits.fc")
    beside_prediction = ("AuxLogits",)
    min_size = 75

    def __init__(
        self,
        *,
        num_classes: int = 1000,
        in_channels: int = 3,
        auxiliary: bool = True,
        dropout: float = 0.5,
        features: Sequence[str] | None = None,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = ConvNorm(in_channels, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = ConvNorm(32, 32, 3)
        self.Conv2d_2b_3x3 = ConvNorm(32, 64, 3, padding=1)
        self.maxpool1 = nn.MaxPool2d(3, stride=2)
        self.Conv2d_3b_1x1 = ConvNorm(64, 80, 1)
        self.Conv2d_4a_3x3 = ConvNorm(80, 192, 3)
        self.maxpool2 = nn.MaxPool2d(3, stride=2)
        self.Mixed_5b = ModuleA(192, pool=32)
        self.Mixed_5c = ModuleA(256, pool=64)
        self.Mixed_5d = ModuleA(288, pool=64)
        self.Mixed_6a = ModuleB(288)
        self.Mixed_6b = ModuleC(768, width=128)
        self.Mixed_6c = ModuleC(768, width=160)
        self.Mixed_6d = ModuleC(768, width=160)
        self.Mixed_6e = ModuleC(768, width=192)
        with_head = auxiliary and num_classes > 0 and features is None
        self.AuxLogits = AuxiliaryHead(768, num_classes) if with_head else None
        self.Mixed_7a = ModuleD(768)
        self.Mixed_7b = ModuleE(1280)
        self.Mixed_7c = ModuleE(2048)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = head(2048, num_classes)
        initialize(self, self.heads)
        self.finish(features=features, checkpointing=checkpointing)

    def stages(self) -> dict[str, Layers]:
        """Returns `stem`, `mixed5`, `mixed6` and `mixed7`, one for each map size."""
        first = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1")
        names = {
            "stem": (*first, "Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2"),
            "mixed5": ("Mixed_5b", "Mixed_5c", "Mixed_5d"),
            "mixed6": ("Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
            "mixed7": ("Mixed_7a", "Mixed_7b", "Mixed_7c"),
        }
        return {stage: {name: self.get_submodule(name) for name in layers} for stage, layers in names.items()}

    def classify(self, trunk: Float[Tensor, "n c h w"]) -> Float[Tensor, "n out"]:
        """Applies global average pooling, dropout and the linear layer."""
        return self.fc(torch.flatten(self.dropout(self.avgpool(trunk)), 1))

    def forward(self, images: Float[Tensor, "n c h w"]) -> Outputs | dict[str, Tensor]:
        """Returns the logits, in training also those of the auxiliary head; with `features` the named maps."""
        if self.maps or not self.training or self.AuxLogits is None:
            trunk, maps = self.run(images, self.maps)
            return maps if self.maps else Outputs(self.classify(trunk), ())
        trunk, maps = self.run(images, ("Mixed_6e",))
        return Outputs(self.classify(trunk), (self.AuxLogits(maps["Mixed_6e"]),))
