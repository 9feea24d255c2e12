"""Volumes in figures: three projections and a rendered view, and filters in slices."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.data.volumes.augment import AXES, rotation
from zoo.reports.figures import drawing
from zoo.reports.images import image_grid
from zoo.reports.page import Section

VIEWS = ("view", "along depth", "along height", "along width")
_RENDERED = 72  # pixels per side of a rendered view
_MARGIN = 1.25  # room for the corners of a turned volume
_TURN, _TILT = math.radians(35), math.radians(25)
_LIGHT = (0.35, -0.55, -0.75)  # the direction of the lamp in x, y, z: to the right, above, in front
_FILTERS = 16


def draw_volumes(path: Path, volumes: Sequence[Float[Tensor, "c d h w"]], titles: Sequence[str]) -> Path:
    """Draws volumes with values in [0, 1], two per row: a rendered view and the maxima along each axis."""
    images, captions = [], []
    for volume, title in zip(volumes, titles, strict=True):
        gray = volume.mean(0)
        images += [rendered(gray), *(gray.amax(axis).numpy() for axis in range(3))]
        captions += [title, *VIEWS[1:]]
    columns = 2 * len(VIEWS) if len(volumes) > 1 else len(VIEWS)
    rows = -(-len(images) // columns)
    with drawing(path, width=1.35 * columns, height=1.9 * rows) as figure:
        image_grid(figure, images, captions, columns=columns, row_height=1.4)
    return path


def rendered(volume: Float[Tensor, "d h w"]) -> Float[np.ndarray, "s s"]:
    """A view of the surface where values pass 0.5, from the front, turned to the right and seen from above.

    Gray values in [0, 1] tell how much a face is turned to the light; the background is white.
    """
    turn = rotation(AXES["height"], torch.tensor([_TURN])) @ rotation(AXES["width"], torch.tensor([_TILT]))
    longest = max(volume.shape)
    proportions = torch.tensor([longest / side for side in volume.shape[::-1]])  # a voxel is a cube
    theta = torch.cat([_MARGIN * proportions[:, None] * turn[0], torch.zeros(3, 1)], dim=1)
    grid = F.affine_grid(theta[None], [1, 1, _RENDERED, _RENDERED, _RENDERED], align_corners=False)
    solid = F.grid_sample(volume[None, None], grid, align_corners=False)[0, 0] > 0.5
    hit, depth = solid.any(0), solid.int().argmax(0).float()
    slope_y, slope_x = torch.gradient(F.avg_pool2d(depth[None, None], 3, 1, 1)[0, 0])
    normal = F.normalize(torch.stack([slope_x, slope_y, -torch.ones_like(depth)]), dim=0)
    light = F.normalize(torch.tensor(_LIGHT), dim=0)
    shade = 0.15 + 0.7 * (normal * light[:, None, None]).sum(0).clamp(0, 1)
    return torch.where(hit, shade, torch.ones(())).numpy()


def filters_3d_section(network: nn.Module, folder: Path) -> Section | None:
    """The filters of the first 3-D convolution, as slices along the depth; None without one of 1 or 3 channels."""
    first = next((module for module in network.modules() if isinstance(module, nn.Conv3d)), None)
    if first is None or first.weight.shape[1] not in (1, 3) or first.weight.shape[2] < 2:
        return None
    learned = first.weight.detach().float().cpu()[:_FILTERS]
    depth = learned.shape[2]
    low, high = learned.amin((1, 2, 3, 4), keepdim=True), learned.amax((1, 2, 3, 4), keepdim=True)
    scaled = (learned - low) / (high - low).clamp_min(1e-12)
    slices = [kernel[:, z].permute(1, 2, 0).squeeze(-1).numpy() for kernel in scaled for z in range(depth)]
    columns = depth * max(1, 12 // depth)
    titles = [f"z={z}" if i < columns // depth else "" for i in range(len(learned)) for z in range(depth)]
    rows = -(-len(slices) // columns)
    with drawing(folder / "first_filters.png", width=8.4, height=0.4 + 0.8 * rows) as figure:
        image_grid(figure, slices, titles, columns=columns, row_height=1.15)
    text = (
        f"{len(learned)} of the {len(first.weight)} filters of the first convolution, each as {depth} slices along the "
        "depth and rescaled to its own range."
    )
    return Section("First-layer filters", text, [folder / "first_filters.png"])
