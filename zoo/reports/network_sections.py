"""Sections of a report on an image network: training images and first-layer filters."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.data.base import DataModule
from zoo.reports.figures import drawing
from zoo.reports.images import image_grid
from zoo.reports.page import Section

SHOWN = 24
COLUMNS = 8
FILTERS = 32

EDGES = {
    "vertical edge": ((1, 0, -1), (1, 0, -1), (1, 0, -1)),
    "horizontal edge": ((1, 1, 1), (0, 0, 0), (-1, -1, -1)),
    "Sobel, vertical": ((1, 0, -1), (2, 0, -2), (1, 0, -1)),
    "Sobel, horizontal": ((1, 2, 1), (0, 0, 0), (-1, -2, -1)),
}


def training_images_section(datamodule: DataModule, folder: Path) -> Section | None:
    """A contact sheet of augmented training images; None if the data has no labeled images."""
    sample = datamodule.training_images(SHOWN)
    if sample is None:
        return None
    names = [str(name) for name in datamodule.card()["class_names"]]
    titles = [_title(label, names) for label in sample.labels]
    figure = _sheet(folder / "training_images.png", sample.images, titles)
    kind = "augmented " if sample.augmented else ""
    text = f"{len(sample.images)} {kind}training images, before normalization."
    return Section("Training images", text, [figure])


def filters_section(network: nn.Module, folder: Path) -> Section | None:
    """Filters of the first convolution and classical edge filters; None if they cannot be shown as images."""
    first = next((module for module in network.modules() if isinstance(module, nn.Conv2d)), None)
    if first is None or first.weight.shape[1] not in (1, 3) or min(first.weight.shape[2:]) < 3:
        return None
    learned = first.weight.detach().float().cpu()[:FILTERS]
    known = torch.tensor(list(EDGES.values()), dtype=torch.float)[:, None]
    rows = -(-len(learned) // COLUMNS)
    with drawing(folder / "first_filters.png", width=8.4, height=1.8 + 1.05 * rows) as figure:
        upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.8, 1.05 * rows])[:, 0]
        image_grid(upper, [_image(kernel) for kernel in known], list(EDGES), columns=6, row_height=1.2)
        image_grid(lower, [_image(kernel) for kernel in learned], [""] * len(learned), columns=COLUMNS, row_height=1)
    text = (
        f"Top: classical edge filters. Bottom: {len(learned)} of the {len(first.weight)} filters of the first "
        "convolution, each rescaled to its own range."
    )
    return Section("First-layer filters", text, [folder / "first_filters.png"])


def _sheet(path: Path, images: Float[Tensor, "n c h w"], titles: list[str]) -> Path:
    rows = -(-len(images) // COLUMNS)
    with drawing(path, width=8.4, height=1.3 * rows) as figure:
        shown = [image.permute(1, 2, 0).squeeze(-1).numpy() for image in images]
        image_grid(figure, shown, titles, columns=COLUMNS, row_height=1.24)
    return path


def _title(label: Tensor, names: list[str]) -> str:
    """The class name; for mixed images the two largest shares with their classes."""
    if label.ndim == 0:
        return names[int(label)][:16]
    values, places = label.topk(2)
    parts = [f"{names[int(i)][:8]} {v:.0%}" for v, i in zip(values, places, strict=True) if v > 0.005]
    return " ".join(parts)


def _image(kernel: Float[Tensor, "c h w"]) -> Float[np.ndarray, "h w *c"]:
    """A filter as an image, rescaled from its own range to [0, 1]."""
    low, high = kernel.min(), kernel.max()
    return ((kernel - low) / (high - low).clamp(min=1e-12)).permute(1, 2, 0).squeeze(-1).numpy()
