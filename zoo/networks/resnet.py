"""ResNet-18, 34, 50, 101 and 152."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.staged import Layers, StagedNetwork, head, initialize


class BasicBlock(nn.Module):
    """Basic residual block: two 3×3 convolutions and a shortcut."""

    expansion = 1

    def __init__(self, channels: int, width: int, *, stride: int, stride_on: str) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _downsample(channels, width, stride)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d k l"]:
        """ReLU(shortcut + residual)."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class Bottleneck(nn.Module):
    """Bottleneck residual block: 1×1 reduction, 3×3, 1×1 expansion, and a shortcut.

    `stride_on` selects the convolution with the stride.
    """

    expansion = 4

    def __init__(self, channels: int, width: int, *, stride: int, stride_on: str) -> None:
        super().__init__()
        first, second = (stride, 1) if stride_on == "1x1" else (1, stride)
        self.conv1 = nn.Conv2d(channels, width, 1, stride=first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=second, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * 4)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _downsample(channels, width * 4, stride)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d k l"]:
        """ReLU(shortcut + residual)."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


BLOCKS: dict[str, type[BasicBlock] | type[Bottleneck]] = {"basic": BasicBlock, "bottleneck": Bottleneck}


class ResNet(StagedNetwork):
    """ResNet: a stem, four stages of residual blocks, global average pooling and a linear layer.

    He et al., Deep Residual Learning for Image Recognition, 2015 (arXiv:1512.03385). State-dict names are those of
    torchvision.

    A bottleneck has its stride in the 3×3 convolution (v1.5, as in torchvision), or with `stride_on="1x1"` in the
    first 1×1 (v1, as in the paper). `stem="small"` is one 3×3 convolution without stride or pooling, for images up to
    64 pixels (section 4.2 of the paper). `zero_init_residual` initializes the last norm of each block with zero, so
    that the block starts as its shortcut (Goyal et al. 2017, arXiv:1706.02677).

    Raises:
        ZooError: an unknown `block`, `stride_on` or `stem`.
    """

    heads = ("fc",)

    def __init__(
        self,
        *,
        layers: Sequence[int],
        block: str = "bottleneck",
        stride_on: str = "3x3",
        stem: str = "imagenet",
        zero_init_residual: bool = False,
        num_classes: int = 1000,
        in_channels: int = 3,
        features: Sequence[str] | None = None,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        for name, value, allowed in (
            ("block", block, [*BLOCKS]),
            ("stride_on", stride_on, ["3x3", "1x1"]),
            ("stem", stem, ["imagenet", "small"]),
        ):
            if value not in allowed:
                raise ZooError(f"`{name}` (={value!r}) must be one of {', '.join(allowed)}")
        kind = BLOCKS[block]
        if stem == "imagenet":
            self.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
        else:
            self.conv1 = nn.Conv2d(in_channels, 64, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if stem == "imagenet" else nn.Identity()
        channels = 64
        for i, (depth, width) in enumerate(zip(layers, (64, 128, 256, 512), strict=True), start=1):
            strides = [1 if i == 1 else 2] + [1] * (depth - 1)
            blocks = []
            for stride in strides:
                blocks.append(kind(channels, width, stride=stride, stride_on=stride_on))
                channels = width * kind.expansion
            self.add_module(f"layer{i}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = head(channels, num_classes)
        initialize(self, self.heads)
        if zero_init_residual:
            for module in self.modules():
                if isinstance(module, BasicBlock | Bottleneck):
                    nn.init.zeros_((module.bn3 if isinstance(module, Bottleneck) else module.bn2).weight)
        self.finish(features=features, checkpointing=checkpointing)

    def stages(self) -> dict[str, Layers]:
        """Returns `stem` and `layer1` … `layer4`, whose layers are residual blocks."""
        stem = {"conv1": self.conv1, "bn1": self.bn1, "relu": self.relu, "maxpool": self.maxpool}
        stages: dict[str, Layers] = {"stem": stem}
        for stage in ("layer1", "layer2", "layer3", "layer4"):
            blocks = self.get_submodule(stage).named_children()
            stages[stage] = {f"{stage}.{i}": block for i, block in blocks}
        return stages

    def classify(self, trunk: Float[Tensor, "n c h w"]) -> Float[Tensor, "n out"]:
        """Applies global average pooling and the linear layer."""
        return self.fc(torch.flatten(self.avgpool(trunk), 1))


def _downsample(channels: int, out: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and channels == out:
        return None
    return nn.Sequential(nn.Conv2d(channels, out, 1, stride=stride, bias=False), nn.BatchNorm2d(out))
