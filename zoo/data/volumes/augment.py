"""Augmentations of volumes, drawn for each volume of a batch, on the device."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError

AXES = {"depth": 0, "height": 1, "width": 2}
"""The axes of a volume [C D H W] by name."""
Volumes = Float[Tensor, "b c d h w"]
Labels = Shaped[Tensor, "b ..."]


class RandomRotation(nn.Module):
    """Rotates every volume about one of `axes`, scales and shifts it, by its own random amounts.

    `degrees` bounds the angle, `scale` is `[low, high]`, `shift` a fraction of each side. Voxels from outside repeat
    the border. Angles are in the coordinates of a cube: a volume of unequal sides is stretched as it turns.

    Raises:
        ZooError: a negative amount, an unknown axis, or no scale range.
    """

    def __init__(self, *, degrees: float, axes: Sequence[str], scale: list[float], shift: float) -> None:
        super().__init__()
        for name, value in (("degrees", degrees), ("shift", shift)):
            if value < 0:
                raise ZooError(f"`data.augmentation.{name}` (={value}) must not be negative")
        if len(scale) != 2 or not 0 < scale[0] <= scale[1]:
            raise ZooError(f"`data.augmentation.scale` (={scale}) must be [low, high] with 0 < low <= high")
        self.degrees = degrees
        self.axes = [parse_axis(name, "data.augmentation.axes") for name in axes]
        if not self.axes:
            raise ZooError(f"`data.augmentation.axes` is empty: give some of {', '.join(AXES)}")
        self.scale = scale
        self.shift = shift

    def forward(self, volumes: Volumes, labels: Labels) -> tuple[Volumes, Labels]:
        """Transforms a batch."""
        count, device = len(volumes), volumes.device
        angle = torch.empty(count, device=device).uniform_(-self.degrees, self.degrees) * math.pi / 180
        chosen = torch.randint(len(self.axes), (count,), device=device)
        rotations = torch.stack([rotation(axis, angle) for axis in self.axes])[
            chosen, torch.arange(count, device=device)
        ]
        inverse_scale = 1 / torch.empty(count, 1, 1, device=device).uniform_(*self.scale)
        moved = 2 * torch.empty(count, 3, 1, device=device).uniform_(-self.shift, self.shift)
        theta = torch.cat([rotations * inverse_scale, moved], dim=2)
        grid = F.affine_grid(theta, list(volumes.shape), align_corners=False)
        return F.grid_sample(volumes, grid, padding_mode="border", align_corners=False), labels


class QuarterTurns(nn.Module):
    """Turns every volume by a random multiple of 90° about each of `axes`; exact, for cubes.

    Raises:
        ZooError: an unknown axis.
    """

    def __init__(self, *, axes: Sequence[str]) -> None:
        super().__init__()
        self.axes = [parse_axis(name, "data.augmentation.axes") for name in axes]

    def forward(self, volumes: Volumes, labels: Labels) -> tuple[Volumes, Labels]:
        """Turns a batch.

        Raises:
            ZooError: the volumes have unequal sides.
        """
        for axis in self.axes:
            turns = torch.randint(4, (len(volumes),), device=volumes.device)
            choices = torch.stack([turned(volumes, axis, number) for number in range(4)])
            volumes = choices[turns, torch.arange(len(volumes), device=volumes.device)]
        return volumes, labels


class MirrorVolumes(nn.Module):
    """Mirrors half of the volumes along one axis.

    Raises:
        ZooError: an unknown axis.
    """

    def __init__(self, *, axis: str) -> None:
        super().__init__()
        self.axis = parse_axis(axis, "data.augmentation.axis")

    def forward(self, volumes: Volumes, labels: Labels) -> tuple[Volumes, Labels]:
        """Mirrors a batch."""
        mirrored = torch.rand(len(volumes), 1, 1, 1, 1, device=volumes.device) < 0.5
        return torch.where(mirrored, volumes.flip(self.axis + 2), volumes), labels


class VoxelNoise(nn.Module):
    """Adds normal noise with the standard deviation `std`, in the units of the files.

    Raises:
        ZooError: a negative standard deviation.
    """

    def __init__(self, *, std: float) -> None:
        super().__init__()
        if std < 0:
            raise ZooError(f"`data.augmentation.std` (={std}) must not be negative")
        self.std = std

    def forward(self, volumes: Volumes, labels: Labels) -> tuple[Volumes, Labels]:
        """Adds noise to a batch."""
        return volumes + self.std * torch.randn_like(volumes), labels


def parse_axis(name: str, option: str) -> int:
    """Returns the number of an axis of [D H W]; `option` names it in the message.

    Raises:
        ZooError: the name is unknown.
    """
    if name not in AXES:
        raise ZooError(f"`{option}` (={name}) must be one of: {', '.join(AXES)}")
    return AXES[name]


def turned(volumes: Shaped[Tensor, "*b d h w"], axis: int, turns: int = 1) -> Shaped[Tensor, "*b d2 h2 w2"]:
    """Turns volumes by `turns` times 90° about an axis of [D H W].

    Raises:
        ZooError: the sides across the axis are unequal, and an odd turn would exchange them.
    """
    first, second = (number - 3 for number in range(3) if number != axis)
    if turns % 2 and volumes.shape[first] != volumes.shape[second]:
        raise ZooError(
            f"a turn by 90° (`data.turn_test` or QuarterTurns) exchanges sides of {volumes.shape[first]} and "
            f"{volumes.shape[second]} voxels: it needs volumes of equal sides, such as with data.size=[32,32,32]"
        )
    return torch.rot90(volumes, turns, (first, second))


def rotation(axis: int, angle: Float[Tensor, " b"]) -> Float[Tensor, "b 3 3"]:
    """Rotation matrices about an axis of [D H W], in the order x (width), y (height), z (depth) of `affine_grid`."""
    cos, sin = angle.cos(), angle.sin()
    matrices = torch.eye(3, device=angle.device).repeat(len(angle), 1, 1)
    first, second = (place for place in range(3) if place != 2 - axis)
    matrices[:, first, first], matrices[:, first, second] = cos, -sin
    matrices[:, second, first], matrices[:, second, second] = sin, cos
    return matrices
