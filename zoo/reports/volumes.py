"""Volumes in figures: three projections and a rendered view, and filters in slices."""

from collections.abc import Sequence
from pathlib import Path

from jaxtyping import Float
from matplotlib.figure import SubFigure
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.reports.figures import drawing
from zoo.reports.images import image_grid
from zoo.reports.page import Section

PROJECTIONS = ("along depth", "along height", "along width")
_RENDERED = 24  # voxels per side of a rendered view: matplotlib draws each face
_FILTERS = 16


def draw_volumes(path: Path, volumes: Sequence[Float[Tensor, "c d h w"]], titles: Sequence[str]) -> Path:
    """Draws volumes with values in [0, 1], one per row: a rendered view and the maxima along each axis."""
    rows = len(volumes)
    with drawing(path, width=7.6, height=1.95 * rows) as figure:
        for row, (part, volume, title) in enumerate(
            zip(figure.subfigures(rows, 1, squeeze=False)[:, 0], volumes, titles, strict=True)
        ):
            left, right = part.subfigures(1, 2, width_ratios=[1, 3])
            gray = volume.mean(0)
            _render(left, gray, title)
            views = [gray.amax(axis).numpy() for axis in range(3)]
            image_grid(right, views, PROJECTIONS if row == 0 else [""] * 3, columns=3, row_height=1.12)
    return path


def _render(figure: SubFigure, volume: Float[Tensor, "d h w"], title: str) -> None:
    """Draws the voxels above the middle of the range, seen from above at an angle; height points up."""
    longest = max(volume.shape)
    if longest > _RENDERED:
        depth, height, width = (max(1, round(side * _RENDERED / longest)) for side in volume.shape)
        volume = F.adaptive_avg_pool3d(volume[None, None], (depth, height, width))[0, 0]
    solid = (volume > 0.5).numpy().transpose(0, 2, 1)[:, :, ::-1]  # depth, width, height upward
    axes = figure.add_subplot(projection="3d")
    axes.voxels(solid, facecolors="#7f9bd1", edgecolors="#3d5a94", linewidth=0.15)
    axes.set_box_aspect(solid.shape)
    axes.view_init(elev=22, azim=-55)
    axes.set_axis_off()
    axes.set_title(title, fontsize=8.5)


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
