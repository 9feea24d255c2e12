"""Landmark networks: presence, points and class of at most one object, by regression or by heat maps."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.networks.yolo import ConvBlock
from zoo.ops.heatmaps import HeatmapOutput, soft_argmax
from zoo.ops.turned_crops import turned_crops

_MARGIN = 1.1  # sides of a crop, relative to those of the box around the points
_SMALLEST = 0.15  # sides of a crop as a fraction of the image: early points may lie in one place
_NOWHERE = 1e-3  # a length without a direction, as a fraction of the image


class _Landmarks(nn.Module):
    """A backbone that returns a dict of maps, behind the normalization of its pretrained weights."""

    channels_last = True
    mean: Tensor
    std: Tensor

    def __init__(self, *, backbone: nn.Module, in_channels: int, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        for name, values in (("mean", mean), ("std", std)):
            if len(values) not in (1, in_channels):
                raise ZooError(f"`{name}` (={list(values)}) must have 1 value, or {in_channels}: one for each channel")
            self.register_buffer(name, torch.tensor(values).view(1, -1, 1, 1), persistent=False)
        self.backbone = backbone

    def maps(self, images: Float[Tensor, "b c h w"]) -> list[Tensor]:
        """The maps of the backbone, the finest first."""
        found = self.backbone((images - self.mean) / self.std)
        if not isinstance(found, dict):
            raise ZooError(f"the backbone {type(self.backbone).__name__} must return maps: give it `features`")
        return list(found.values())

    @torch.no_grad()
    def probe(self, in_channels: int, image_size: int) -> list[torch.Size]:
        """The shapes of the maps for one image."""
        training = self.backbone.training
        self.backbone.eval()
        shapes = [each.shape for each in self.maps(torch.zeros(1, in_channels, image_size, image_size))]
        self.backbone.train(training)
        return shapes


class LandmarkNetwork(_Landmarks):
    """Direct regression: fully connected layers over the last map, which keep positions.

    The output is the vector [presence, x1, y1, …, xK, yK, c1 … cC]: logits of presence and classes, and points as
    fractions of the image. Two points, the corners of a box, give a localization network. `backbone` is any network
    that returns a dict of maps, such as a classifier with `features`; `mean` and `std` normalize the channels of
    images in [0, 1], as its pretrained weights expect.

    Sun et al., Deep Convolutional Network Cascade for Facial Point Detection, 2013.

    Raises:
        ZooError: a backbone without a dict of maps, or statistics for another number of channels.
    """

    def __init__(
        self,
        *,
        backbone: nn.Module,
        num_points: int = 4,
        num_classes: int = 10,
        in_channels: int = 3,
        image_size: int = 64,
        reduced: int = 32,
        hidden: int = 256,
        mean: Sequence[float] = (0.0,),
        std: Sequence[float] = (1.0,),
    ) -> None:
        super().__init__(backbone=backbone, in_channels=in_channels, mean=mean, std=std)
        _, channels, rows, columns = self.probe(in_channels, image_size)[-1]
        self.reduce = ConvBlock(channels, reduced, 1)
        values = 1 + 2 * num_points + num_classes
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(reduced * rows * columns, hidden), nn.SiLU(), nn.Linear(hidden, values)
        )

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b values"]:
        """Returns the vector of each image."""
        return self.head(self.reduce(self.maps(images)[-1]))


class HeatmapNetwork(_Landmarks):
    """Heat maps with soft-argmax (DSNT, Nibali et al. 2018, arXiv:1801.07372): each point is the mean of its map.

    Coarser maps of the backbone are upsampled and concatenated with finer ones (Lin et al. 2016, arXiv:1612.03144);
    the finest gives one heat map for each point. Presence and class are read from the mean and the maximum of the
    coarsest map. With a `crop_size`, the class is read instead from a crop of the image around the points, of that many
    pixels: a second look at the object in one place and shape, as in a cascade. `level` holds pairs of points, of which
    the second lies right of the first on an upright object: the crop is turned so that they lie level, as faces are
    aligned before they are recognized. The vector is that of `LandmarkNetwork`; points lie inside the image by
    construction.

    Raises:
        ZooError: a backbone without a dict of maps, statistics for another number of channels, or a bad `crop_size`.
    """

    def __init__(
        self,
        *,
        backbone: nn.Module,
        num_points: int = 4,
        num_classes: int = 10,
        in_channels: int = 3,
        image_size: int = 64,
        width: int = 32,
        crop_size: int = 0,
        level: Sequence[Sequence[int]] = (),
        mean: Sequence[float] = (0.0,),
        std: Sequence[float] = (1.0,),
    ) -> None:
        super().__init__(backbone=backbone, in_channels=in_channels, mean=mean, std=std)
        if crop_size < 0 or crop_size % 4:
            raise ZooError(f"`crop_size` (={crop_size}) must be 0 or a multiple of 4")
        channels = [shape[1] for shape in self.probe(in_channels, image_size)]
        self.inward = nn.ModuleList(ConvBlock(count, width, 1) for count in channels)
        self.join = nn.ModuleList(ConvBlock(2 * width, width, 3) for _ in channels[:-1])
        self.heat = nn.Conv2d(width, num_points, 1)
        self.crop_size = crop_size
        self.level = [(int(first), int(second)) for first, second in level]
        self.judge = nn.Linear(2 * channels[-1], 1 if crop_size else 1 + num_classes)
        self.look = (
            CropClassifier(in_channels=in_channels, size=crop_size, num_classes=num_classes) if crop_size else None
        )

    def forward(self, images: Float[Tensor, "b c h w"]) -> HeatmapOutput:
        """Returns the vector and the heat maps of each image."""
        maps = self.maps(images)
        merged = self.inward[-1](maps[-1])
        for level in reversed(range(len(maps) - 1)):  # top-down: from the coarsest map to the finest
            above = F.interpolate(merged, size=maps[level].shape[-2:], mode="nearest")
            merged = self.join[level](torch.cat([self.inward[level](maps[level]), above], 1))
        heatmaps = self.heat(merged)
        points = soft_argmax(heatmaps)
        judged = self.judge(torch.cat([maps[-1].mean((2, 3)), maps[-1].amax((2, 3))], 1))
        if self.look is not None:
            box = box_around(points.detach(), self.level)
            looked = self.look(turned_crops((images - self.mean) / self.std, *box, self.crop_size))
            judged = torch.cat([judged[:, :1] + looked[:, :1], looked[:, 1:]], 1)
        vector = torch.cat([judged[:, :1], points.flatten(1).to(judged.dtype), judged[:, 1:]], 1)
        return HeatmapOutput(vector, heatmaps)


class CropClassifier(nn.Sequential):
    """Logits of presence and classes [B 1+C] of crops of `size` × `size` pixels."""

    def __init__(self, *, in_channels: int, size: int, num_classes: int) -> None:
        super().__init__(
            ConvBlock(in_channels, 16),
            ConvBlock(16, 32, stride=2),
            ConvBlock(32, 64, stride=2),
            ConvBlock(64, 64),
            nn.Flatten(),
            nn.Linear(64 * (size // 4) ** 2, 64),
            nn.SiLU(),
            nn.Linear(64, 1 + num_classes),
        )


def box_around(
    points: Float[Tensor, "b k 2"], level: Sequence[tuple[int, int]] = ()
) -> tuple[Float[Tensor, "b 2"], Float[Tensor, "b 2"], Float[Tensor, "b 2"]]:
    """The center and the sides of a turned box around the points, with a margin, and the direction of its first side.

    The direction is the mean of those from the first to the second points of `level`, or rightwards without any.
    """
    direction = F.pad(torch.ones_like(points[:, 0, :1]), (0, 1))  # rightwards; made on the device, without a copy
    if level:
        whole = torch.stack([points[:, second] - points[:, first] for first, second in level]).sum(0)
        length = whole.norm(dim=1, keepdim=True)
        direction = torch.where(length > _NOWHERE, whole / length.clamp(min=_NOWHERE), direction)
    across = torch.stack([-direction[:, 1], direction[:, 0]], 1)
    axes = torch.stack([direction, across], 1)
    own = points @ axes.transpose(1, 2)
    low, high = own.amin(1), own.amax(1)
    center = ((low + high) / 2)[:, None] @ axes
    return center[:, 0], (_MARGIN * (high - low)).clamp(min=_SMALLEST), direction
