"""Draws rotated digits on photographs, a batch of scenes at a time."""

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from zoo.data.landmarks.base import Batch
from zoo.data.landmarks.tiles import Material

_ROTATION = math.pi / 6  # largest rotation
_EMPTY = 0.2  # fraction of scenes without a digit
_WIDTH = 0.8  # of a digit, relative to its height
_ENLARGED = 64  # pixels of a side of the enlarged digits, which are scaled down to each scene
_COLORS = 16  # candidates for the color of a digit, of which the first with contrast is taken
_CONTRAST = 90 / 255  # least mean difference of color between a digit and the pixels that it covers


class _Draws(NamedTuple):
    """Uniform random numbers of each scene."""

    tile: Float[Tensor, " b"]
    zoom: Float[Tensor, " b"]
    corner: Float[Tensor, "b 2"]
    mirrored: Float[Tensor, " b"]
    digit: Float[Tensor, " b"]
    height: Float[Tensor, " b"]
    angle: Float[Tensor, " b"]
    empty: Float[Tensor, " b"]
    place: Float[Tensor, "b 2"]
    colors: Float[Tensor, "b colors"]


class CornerScenes:
    """Scenes drawn on demand; a scene depends on `key` and its index alone.

    Scenes of a batch are drawn at once, by resampling: one by one they would take longer than a training step.
    """

    in_memory = True

    def __init__(
        self, source: Material, *, size: int, heights: tuple[float, float], count: int, key: list[int]
    ) -> None:
        enlarged = F.interpolate(source.digits[:, None].float(), size=2 * [_ENLARGED], mode="bicubic")
        self.ink = (2 * enlarged / 255 - 0.5).clamp(0, 1)  # with sharp strokes
        self.source = source
        self.size = size
        self.heights = heights
        self.count = count
        self.key = key

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, indices: Int[Tensor, " b"]) -> Batch:
        draws = self._draw(indices)
        below = self._background(draws)
        number = _pick(draws.digit, len(self.ink))
        low, high = (math.log(height) for height in self.heights)
        height = (low + (high - low) * draws.height).exp()
        frame = torch.stack([_WIDTH * height, height], 1)
        angle = (2 * draws.angle - 1) * _ROTATION
        rotation = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).unflatten(1, (2, 2))
        extent = (rotation.abs() * frame[:, None]).sum(2)
        center = self.size / 2 + (draws.place - 0.5) * (self.size - extent).clamp(min=0)
        ink = self._ink(number, rotation, frame, center)
        ink[draws.empty < _EMPTY] = 0
        present = ink.amax((1, 2, 3)) > 0.5
        images = below + ink * (_color(below, ink, draws.colors) - below)
        points = _corners(rotation, frame, center) / self.size
        points[~present] = 0
        size = box_size(points)
        target = {
            "present": present,
            "points": points,
            "visible": present[:, None] & ((points >= 0) & (points <= 1)).all(2),
            "size": size,
            "labels": self.source.labels[number],
            "image": indices,
            "origin": torch.zeros(len(indices), 2),
            "side": torch.full((len(indices),), float(self.size)),
            "area": (size * self.size) ** 2,
        }
        return (images * 255).round().to(torch.uint8), target

    def _draw(self, indices: Int[Tensor, " b"]) -> _Draws:
        widths = [1, 1, 2, 1, 1, 1, 1, 1, 2, 3 * _COLORS]
        numbers = [np.random.default_rng([*self.key, i]).random(sum(widths), np.float32) for i in indices.tolist()]
        parts = torch.from_numpy(np.stack(numbers)).split(widths, 1)
        return _Draws(*(part[:, 0] if width == 1 else part for part, width in zip(parts, widths, strict=True)))

    def _background(self, draws: _Draws) -> Float[Tensor, "b 3 s s"]:
        """Square crops of tiles in [0, 1], of half a side to a whole one, mirrored half of the time."""
        zoom = 0.5 + 0.5 * draws.zoom
        along = (torch.arange(self.size) + 0.5) / self.size
        x, y = ((zoom[:, None] * along + (1 - zoom)[:, None] * start[:, None]) for start in draws.corner.unbind(1))
        x = torch.where(draws.mirrored[:, None] < 0.5, x.flip(1), x)
        grid = torch.stack([x[:, None, :].expand(-1, self.size, -1), y[:, :, None].expand(-1, -1, self.size)], 3)
        tiles = self.source.tiles[_pick(draws.tile, len(self.source.tiles))]
        return F.grid_sample(tiles.float() / 255, 2 * grid - 1, padding_mode="border", align_corners=False)

    def _ink(
        self,
        number: Int[Tensor, " b"],
        rotation: Float[Tensor, "b 2 2"],
        frame: Float[Tensor, "b 2"],
        center: Float[Tensor, "b 2"],
    ) -> Float[Tensor, "b 1 s s"]:
        """The opacity of rotated digits, whose frames have the given (width, height) and center in pixels."""
        along = torch.arange(self.size) + 0.5
        x, y = along - center[:, :1], along - center[:, 1:]
        # The transposed rotation moves a pixel to the digit's own axes.
        own = rotation[:, 0, :, None, None] * x[:, None, None, :] + rotation[:, 1, :, None, None] * y[:, None, :, None]
        grid = (2 * own / frame[:, :, None, None]).permute(0, 2, 3, 1)
        return F.grid_sample(self.ink[number], grid, align_corners=False)


def box_size(points: Float[Tensor, "b k 2"]) -> Float[Tensor, " b"]:
    """The square root of the area of the box around the points; the size that errors are relative to."""
    return (points.amax(1) - points.amin(1)).clamp(min=1e-6).prod(1).sqrt()


def _pick(uniform: Float[Tensor, " b"], count: int) -> Int[Tensor, " b"]:
    return (uniform * count).long().clamp(max=count - 1)


def _corners(
    rotation: Float[Tensor, "b 2 2"], frame: Float[Tensor, "b 2"], center: Float[Tensor, "b 2"]
) -> Float[Tensor, "b 4 2"]:
    """The corners of the frames in pixels, clockwise from the digit's own top left."""
    signs = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    own = signs * frame[:, None] / 2
    return (rotation[:, None] * own[:, :, None, :]).sum(3) + center[:, None]


def _color(
    below: Float[Tensor, "b 3 s s"], ink: Float[Tensor, "b 1 s s"], colors: Float[Tensor, "b colors"]
) -> Float[Tensor, "b 3 1 1"]:
    """The first candidate that differs enough from the mean color below the ink, or the most different one."""
    mean = (below * ink).sum((2, 3)) / ink.sum((2, 3)).clamp(min=1e-6)
    candidates = colors.unflatten(1, (_COLORS, 3))
    distance = (candidates - mean[:, None]).abs().mean(2)
    enough = distance >= _CONTRAST
    chosen = torch.where(enough.any(1), enough.int().argmax(1), distance.argmax(1))
    return candidates[torch.arange(len(chosen)), chosen][:, :, None, None]
