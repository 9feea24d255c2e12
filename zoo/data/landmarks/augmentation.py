"""Random transforms that move points as they move pixels, on the device."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.data.options import Range, parse_range, require_share
from zoo.errors import ZooError

Pairs = tuple[tuple[int, int], ...]


class PointAugmentation(nn.Module):
    """Rotation, scale, shift and mirroring of images with points, occlusion and color jitter; 0 turns one off.

    `rotation` is the largest angle in degrees, `shift` the largest move as a fraction of the image, `scale` [low, high]
    the range of magnification, `occlusion` the share of images of which a random rectangle is covered, `color` the
    largest relative change of brightness and contrast. A share `flip` of the images is mirrored, which swaps the points
    of each pair; without known pairs none is. A point that leaves the image is no longer visible.

    Raises:
        ZooError: an angle outside 0 … 180, a share outside 0 … 1, or a scale that is not `[low, high]` above 0.
    """

    def __init__(
        self, *, rotation: float, shift: float, scale: Range, flip: float, occlusion: float, color: float
    ) -> None:
        super().__init__()
        for name, value in {"shift": shift, "flip": flip, "occlusion": occlusion, "color": color}.items():
            require_share(f"augmentation.{name}", value)
        if not 0 <= rotation <= 180:
            raise ZooError(f"`data.augmentation.rotation` (={rotation}) must be an angle from 0 to 180 degrees")
        zoom = parse_range(scale)
        if zoom is None or zoom[0] <= 0:
            raise ZooError(f"`data.augmentation.scale` (={scale}) must be [low, high] with 0 < low <= high")
        self.rotation = rotation
        self.shift = shift
        self.scale = zoom
        self.flip = flip
        self.occlusion = occlusion
        self.color = color

    def forward(
        self, images: Float[Tensor, "b c h w"], target: dict[str, Tensor], pairs: Pairs | None, *, box: bool = False
    ) -> tuple[Float[Tensor, "b c h w"], dict[str, Tensor]]:
        """Augments a batch of images in [0, 1]; `pairs` are the points that mirroring swaps.

        Two points that are corners of a `box` become those of the box around the moved one, inside the image.
        """
        count, device = len(images), images.device

        def uniform(low: float, high: float, *shape: int) -> Tensor:
            return torch.empty(count, *shape, device=device).uniform_(low, high)

        mirrored = uniform(0, 1) < (self.flip if pairs is not None else 0.0)
        angle = uniform(-self.rotation, self.rotation) * math.pi / 180
        zoom = uniform(math.log(self.scale[0]), math.log(self.scale[1])).exp()
        matrix = similarity(angle, zoom, uniform(-self.shift, self.shift, 2), mirrored)
        images = warp(images, matrix)
        target = move_box(target, matrix) if box else move(target, matrix, mirrored, pairs or ())
        if self.occlusion:
            images = _cover(images, uniform(0, 1) < self.occlusion, uniform(0, 1, 2), uniform(0.1, 0.4, 2))
        if self.color:
            bright, contrast = (1 + uniform(-self.color, self.color, 1, 1, 1) for _ in range(2))
            images = images * bright
            mean = images.mean((1, 2, 3), keepdim=True)
            images = ((images - mean) * contrast + mean).clamp(0, 1)
        return images, target


def similarity(
    angle: Float[Tensor, " b"], zoom: Float[Tensor, " b"], shift: Float[Tensor, "b 2"], mirrored: Tensor
) -> Float[Tensor, "b 2 3"]:
    """The map of points, as fractions of a square image: mirrors, then rotates by `angle` (radians, from x to y).

    Scales by `zoom` around the center, and then moves by `shift`.
    """
    cos, sin = zoom * angle.cos(), zoom * angle.sin()
    sign = 1.0 - 2.0 * mirrored.to(zoom.dtype)
    linear = torch.stack([torch.stack([cos * sign, -sin], 1), torch.stack([sin * sign, cos], 1)], 1)
    offset = 0.5 + shift - linear.sum(2) / 2  # the center stays the center
    return torch.cat([linear, offset[:, :, None]], 2)


def apply(matrix: Float[Tensor, "b 2 3"], points: Float[Tensor, "b k 2"]) -> Float[Tensor, "b k 2"]:
    """Moves points by an affine map."""
    return points @ matrix[:, :, :2].transpose(1, 2) + matrix[:, None, :, 2]


def warp(images: Float[Tensor, "b c h w"], matrix: Float[Tensor, "b 2 3"]) -> Float[Tensor, "b c h w"]:
    """Moves pixels by an affine map of fractions; pixels from outside an image repeat its border."""
    (a, b), (c, d) = (row.unbind(1) for row in matrix[:, :, :2].unbind(1))
    rows = [torch.stack([d, -b], 1), torch.stack([-c, a], 1)]
    inverse = torch.stack(rows, 1) / (a * d - b * c)[:, None, None]  # torch.linalg.inv would wait for a GPU
    offset = -(inverse @ matrix[:, :, 2:])
    # grid_sample counts from -1 to 1: u = 2x - 1, so that u' = A u + A·1 + 2b - 1.
    centered = inverse.sum(2, keepdim=True) + 2 * offset - 1
    grid = F.affine_grid(torch.cat([inverse, centered], 2), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid.to(images.dtype), padding_mode="border", align_corners=False)


def move(
    target: dict[str, Tensor], matrix: Float[Tensor, "b 2 3"], mirrored: Tensor, pairs: Pairs
) -> dict[str, Tensor]:
    """Moves the points of a target, swaps the pairs of mirrored images, and hides points outside the image."""
    points, visible = apply(matrix, target["points"]), target["visible"]
    order = list(range(points.shape[1]))
    for left, right in pairs:
        order[left], order[right] = right, left
    if order != sorted(order):
        swapped = torch.tensor(order).to(points.device, non_blocking=True)
        points = torch.where(mirrored[:, None, None], points[:, swapped], points)
        visible = torch.where(mirrored[:, None], visible[:, swapped], visible)
    inside = ((points >= 0) & (points <= 1)).all(2)
    size = target["size"] * matrix[:, 0, :2].norm(dim=1)  # a similarity magnifies all lengths alike
    return target | {"points": points, "visible": visible & inside, "size": size}


def move_box(target: dict[str, Tensor], matrix: Float[Tensor, "b 2 3"]) -> dict[str, Tensor]:
    """The target of the box around a moved box, clipped to the image; it is not visible with its center outside."""
    (x1, y1), (x2, y2) = (point.unbind(1) for point in target["points"].unbind(1))
    corners = torch.stack([torch.stack(each, 1) for each in ((x1, y1), (x2, y1), (x2, y2), (x1, y2))], 1)
    moved = apply(matrix, corners)
    center = moved.mean(1)
    inside = ((center > 0) & (center < 1)).all(1)
    points = torch.stack([moved.amin(1), moved.amax(1)], 1).clamp(0, 1)
    size = (points[:, 1] - points[:, 0]).clamp(min=1e-3).prod(1).sqrt()
    return target | {"points": points, "visible": target["visible"] & inside[:, None], "size": size}


def _cover(
    images: Float[Tensor, "b c h w"], chosen: Tensor, center: Float[Tensor, "b 2"], sides: Float[Tensor, "b 2"]
) -> Float[Tensor, "b c h w"]:
    """Paints a rectangle, as fractions of the image, in the mean color of each chosen image."""
    rows, columns = images.shape[-2:]
    x = (torch.arange(columns, device=images.device) + 0.5) / columns
    y = (torch.arange(rows, device=images.device) + 0.5) / rows
    inside_x = (x - center[:, :1]).abs() < sides[:, :1] / 2
    inside_y = (y - center[:, 1:]).abs() < sides[:, 1:] / 2
    covered = inside_y[:, None, :, None] & inside_x[:, None, None, :] & chosen[:, None, None, None]
    return torch.where(covered, images.mean((2, 3), keepdim=True), images)
