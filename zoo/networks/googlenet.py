"""GoogLeNet: Inception modules with two auxiliary heads."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from zoo.networks.staged import Layers, Outputs, StagedNetwork, head, initialize


class ConvNorm(nn.Module):
    """Convolution, batch normalization, ReLU."""

    def __init__(
        self,
        channels: int,
        out: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d k l"]:
        """Applies convolution, batch normalization and ReLU."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Inception(nn.Module):
    """Inception module: 1×1 ‖ 1×1→3×3 ‖ 1×1→“5×5” ‖ pool→1×1, concatenated.

    `widths` are the columns of table 1: #1×1, #3×3 reduce, #3×3, #5×5 reduce, #5×5, pool proj.
    """

    def __init__(self, channels: int, widths: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        one, three_reduce, three, five_reduce, five, pool = widths
        self.branch1 = ConvNorm(channels, one, 1)
        self.branch2 = nn.Sequential(ConvNorm(channels, three_reduce, 1), ConvNorm(three_reduce, three, 3, padding=1))
        # The paper uses 5×5 here; the published weights were trained with 3×3 (pytorch/vision issue 906).
        self.branch3 = nn.Sequential(ConvNorm(channels, five_reduce, 1), ConvNorm(five_reduce, five, 3, padding=1))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), ConvNorm(channels, pool, 1))

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        """Concatenates the four branches."""
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class AuxiliaryHead(nn.Module):
    """Auxiliary classifier on an intermediate map, which adds a gradient to the early layers."""

    def __init__(self, channels: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.conv = ConvNorm(channels, 128, 1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        """Returns logits."""
        x = torch.flatten(self.conv(F.adaptive_avg_pool2d(x, (4, 4))), 1)
        return self.fc2(self.dropout(F.relu(self.fc1(x), inplace=True)))


# Table 1 of the paper: name, channels in, widths.
MODULES = (
    ("3a", 192, (64, 96, 128, 16, 32, 32)),
    ("3b", 256, (128, 128, 192, 32, 96, 64)),
    ("4a", 480, (192, 96, 208, 16, 48, 64)),
    ("4b", 512, (160, 112, 224, 24, 64, 64)),
    ("4c", 512, (128, 128, 256, 24, 64, 64)),
    ("4d", 512, (112, 144, 288, 32, 64, 64)),
    ("4e", 528, (256, 160, 320, 32, 128, 128)),
    ("5a", 832, (256, 160, 320, 32, 128, 128)),
    ("5b", 832, (384, 192, 384, 48, 128, 128)),
)


class GoogLeNet(StagedNetwork):
    """GoogLeNet (Inception v1): nine Inception modules, with auxiliary heads after 4a and 4d.

    Szegedy et al., Going Deeper with Convolutions, 2014 (arXiv:1409.4842). Follows torchvision, with its state-dict
    names: batch normalization instead of response normalization, and 3×3 instead of 5×5. `auxiliary` of the output is
    (aux2, aux1), the deeper head first.
    """

    heads = ("fc", "aux1.fc2", "aux2.fc2")
    beside_prediction = ("aux1", "aux2")
    min_size = 15

    def __init__(
        self,
        *,
        num_classes: int = 1000,
        in_channels: int = 3,
        auxiliary: bool = True,
        dropout: float = 0.2,
        dropout_auxiliary: float = 0.7,
        features: Sequence[str] | None = None,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.conv1 = ConvNorm(in_channels, 64, 7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = ConvNorm(64, 64, 1)
        self.conv3 = ConvNorm(64, 192, 3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        for name, channels, widths in MODULES:
            self.add_module(f"inception{name}", Inception(channels, widths))
        with_heads = auxiliary and num_classes > 0 and features is None
        self.aux1 = AuxiliaryHead(512, num_classes, dropout_auxiliary) if with_heads else None
        self.aux2 = AuxiliaryHead(528, num_classes, dropout_auxiliary) if with_heads else None
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = head(1024, num_classes)
        initialize(self, self.heads)
        self.finish(features=features, checkpointing=checkpointing)

    def stages(self) -> dict[str, Layers]:
        """Returns `stem`, `inception3`, `inception4` and `inception5`, separated by max poolings."""
        names = {
            "stem": ("conv1", "maxpool1", "conv2", "conv3", "maxpool2"),
            "inception3": ("inception3a", "inception3b", "maxpool3"),
            "inception4": ("inception4a", "inception4b", "inception4c", "inception4d", "inception4e", "maxpool4"),
            "inception5": ("inception5a", "inception5b"),
        }
        return {stage: {name: self.get_submodule(name) for name in layers} for stage, layers in names.items()}

    def classify(self, trunk: Float[Tensor, "n c h w"]) -> Float[Tensor, "n out"]:
        """Applies global average pooling, dropout and the linear layer."""
        return self.fc(self.dropout(torch.flatten(self.avgpool(trunk), 1)))

    def forward(self, images: Float[Tensor, "n c h w"]) -> Outputs | dict[str, Tensor]:
        """Returns the logits, in training also those of the auxiliary heads; with `features` the named maps."""
        if self.maps or not self.training or self.aux1 is None or self.aux2 is None:
            trunk, maps = self.run(images, self.maps)
            return maps if self.maps else Outputs(self.classify(trunk), ())
        trunk, maps = self.run(images, ("inception4a", "inception4d"))
        auxiliary = (self.aux2(maps["inception4d"]), self.aux1(maps["inception4a"]))
        return Outputs(self.classify(trunk), auxiliary)
