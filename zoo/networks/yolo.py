"""YOLO: a one-stage detector that predicts boxes and classes at every cell of several grids."""

import itertools
import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.networks.heads import HeadLayout
from zoo.ops.anchors import YOLOV3_TINY, Shapes, group_by_stride

BOX = 5  # pc, bx, by, bh, bw, which precede the classes
_OBJECTS_PER_IMAGE = 8  # a prior for the initial objectness; Lin et al. 2017, arXiv:1708.02002, section 3.3
_PROBE = 64  # pixels; the image with which a backbone's strides and channels are determined


class ConvBlock(nn.Sequential):
    """Convolution without bias, batch normalization, SiLU."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.SiLU(inplace=True),
        )


class Residual(nn.Module):
    """Residual block of Darknet-53, x + 3×3(1×1(x)) (Redmon & Farhadi 2018, arXiv:1804.02767)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(ConvBlock(channels, channels // 2, 1), ConvBlock(channels // 2, channels, 3))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Returns shortcut + residual."""
        return x + self.body(x)


class SmallDarknet(nn.Module):
    """Small Darknet backbone, a tenth as wide as Darknet-53: each stage is a strided convolution and residual blocks.

    Each stage halves the resolution; `stage1` has stride 2. Returns the maps of the last `maps` stages by name.

    Raises:
        ZooError: `widths` and `depths` differ in length, or `maps` is not in 1 … the number of stages.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        widths: Sequence[int] = (16, 32, 64, 96),
        depths: Sequence[int] = (0, 1, 2, 2),
        maps: int = 2,
    ) -> None:
        super().__init__()
        if len(widths) != len(depths) or not 0 < maps <= len(widths):
            raise ZooError(
                f"`widths` (={list(widths)}) and `depths` (={list(depths)}) must have one entry for each stage, "
                f"and `maps` (={maps}) must be between 1 and their number"
            )
        self.kept = [f"stage{i}" for i in range(len(widths) - maps + 1, len(widths) + 1)]
        for i, (width, depth) in enumerate(zip(widths, depths, strict=True), start=1):
            blocks = [Residual(width) for _ in range(depth)]
            self.add_module(f"stage{i}", nn.Sequential(ConvBlock(in_channels, width, 3, 2), *blocks))
            in_channels = width

    def forward(self, images: Float[Tensor, "b c h w"]) -> dict[str, Tensor]:
        """Returns the maps of the last stages, the finest first."""
        x, maps = images, {}
        for name, stage in self.named_children():
            x = stage(x)
            if name in self.kept:
                maps[name] = x
        return maps


class YOLO(nn.Module):
    """YOLO detector: a backbone, a feature pyramid, and one prediction grid per backbone map.

    Redmon et al. 2015 (arXiv:1506.02640), Redmon & Farhadi 2018 (arXiv:1804.02767). Coarser maps are upsampled and
    concatenated with finer ones (Lin et al. 2016, arXiv:1612.03144).

    The output, the same in training and evaluation, is one grid [B, rows, columns, anchors, 5 + classes] per map. Its
    last axis holds the raw pc, bx, by, bh, bw, c…, which `zoo.ops.grid.decode` activates.

    `backbone` is any network that returns a dict of maps, the finest first, each half the size of the one before.
    `anchors` are (width, height) in pixels of the network's input; the smallest belong to the finest grid.
    `mean` and `std` normalize the channels of images in [0, 1], as a pretrained backbone expects.

    Raises:
        ZooError: anchors that do not divide evenly over the maps; a backbone without a dict of maps that halve in size.
    """

    channels_last = True  # measured on two cores: 0.85 of the training time
    anchors: Float[Tensor, "levels a 2"]
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        *,
        backbone: nn.Module,
        width: int = 64,
        num_classes: int = 80,
        anchors: Shapes = YOLOV3_TINY,
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        std: Sequence[float] = (1.0, 1.0, 1.0),
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)
        self.backbone = backbone
        self.num_classes = num_classes
        self.strides, channels = _probe(backbone)
        try:
            self.register_buffer("anchors", group_by_stride(anchors, len(self.strides)))
        except ValueError as error:
            raise ZooError(f"{error}: choose data.anchors or data.num_anchors so that they do") from error
        self.inward = nn.ModuleList(ConvBlock(count, width, 1) for count in channels)
        self.join = nn.ModuleList(ConvBlock(2 * width, width, 1) for _ in channels[:-1])
        self.branches = nn.ModuleList()
        for stride in self.strides:
            last = nn.Conv2d(width, self.anchors.shape[1] * (BOX + num_classes), 1)
            self._init_bias(last, stride)
            self.branches.append(nn.Sequential(ConvBlock(width, width), ConvBlock(width, width), last))

    @property
    def heads(self) -> tuple[str, ...]:
        """Module paths of the layers that predict the classes."""
        return tuple(f"branches.{level}.2" for level in range(len(self.branches)))

    @property
    def head_layout(self) -> HeadLayout:
        """One block of rows for each anchor, with objectness and box before the classes."""
        return HeadLayout(blocks=self.anchors.shape[1], offset=BOX)

    def forward(self, images: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b _ _ a values"], ...]:
        """Returns the raw grids, the finest first.

        Raises:
            ZooError: height or width is not a multiple of the largest stride.
        """
        height, width = images.shape[-2:]
        if height % self.strides[-1] or width % self.strides[-1]:
            raise ZooError(
                f"YOLO takes images with sides that are multiples of {self.strides[-1]} pixels, "
                f"not {height}×{width}: set data.image_size to a multiple"
            )
        maps = list(self.backbone((images - self.mean) / self.std).values())
        path = [self.inward[-1](maps[-1])]  # top-down: from the coarsest map to the finest
        for i in reversed(range(len(maps) - 1)):
            above = F.interpolate(path[0], scale_factor=2.0, mode="nearest")
            path.insert(0, self.join[i](torch.cat([self.inward[i](maps[i]), above], 1)))
        grids = []
        for branch, x in zip(self.branches, path, strict=True):
            raw = branch(x)
            b, _, rows, columns = raw.shape
            grids.append(raw.view(b, -1, BOX + self.num_classes, rows, columns).permute(0, 3, 4, 1, 2))
        return tuple(grids)

    def _init_bias(self, last: nn.Conv2d, stride: int) -> None:
        """Initializes biases to a low prior of objectness and equal priors of the classes."""
        assert last.bias is not None
        cells = (416 / stride) ** 2 * len(self.anchors[0])
        with torch.no_grad():
            bias = last.bias.view(-1, BOX + self.num_classes)
            bias[:, 0] = math.log(_OBJECTS_PER_IMAGE / cells)
            bias[:, BOX:] = -math.log(max(self.num_classes - 1, 1))


@torch.no_grad()
def _probe(backbone: nn.Module) -> tuple[list[int], list[int]]:
    """Returns the strides and the channels of a backbone's maps.

    Raises:
        ZooError: the output is not a dict of maps that halve in size.
    """
    training = backbone.training
    parameter = next(backbone.parameters())
    channels = next(m for m in backbone.modules() if isinstance(m, nn.Conv2d)).in_channels
    side = getattr(backbone, "fixed_size", None) or _PROBE
    maps = backbone.eval()(parameter.new_zeros(1, channels, side, side))
    backbone.train(training)
    if not isinstance(maps, dict):
        raise ZooError(f"the backbone {type(backbone).__name__} must return maps: give it `features`")
    strides = [side // x.shape[-1] for x in maps.values()]
    if any(2 * fine != coarse for fine, coarse in itertools.pairwise(strides)):
        raise ZooError(f"the backbone's maps have strides {strides}: each must be twice the one before")
    return strides, [x.shape[1] for x in maps.values()]
