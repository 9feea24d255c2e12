"""The report of a style transfer: images side by side, progress, and other weights of the style."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from zoo.data.style.pair import PairBatch, StylePair
from zoo.data.style.pictures import read_picture, resized
from zoo.losses.perceptual import PerceptualLoss
from zoo.reports.comparison import comparison
from zoo.reports.page import Section
from zoo.tasks.style.colors import keep_colors, transfer_colors
from zoo.tasks.style.descent import optimize
from zoo.tasks.style.figures import draw_pictures
from zoo.tasks.style.picture.task import StyleTransfer

_SIDE = 128  # pixels of the images of several weights
_STEPS = 60
_FACTORS = (0.01, 0.1, 1.0, 10.0)
_SHOWN = 8  # images of the progress


def sections(task: StyleTransfer, datamodule: StylePair, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections, saves their figures in `folder` and the result as `result.png` of the run."""
    batch: PairBatch = datamodule.dataset("test")[torch.zeros(1, dtype=torch.long)]
    task.save(folder.parent / "result.png", datamodule)
    return [
        _result(task, batch, datamodule, folder),
        comparison(results, "cost", folder),
        *_progress(folder.parent / "images", folder),
        weights_section(task.perceptual, batch, folder),
    ]


def _result(task: StyleTransfer, batch: PairBatch, datamodule: StylePair, folder: Path) -> Section:
    first = batch.styles[batch.blend.index(max(batch.blend))]
    picture = task.picture.cpu()
    shown = {"content": batch.content}
    shown |= {f"style: {Path(n).name}": s for n, s in zip(datamodule.style_names, batch.styles, strict=True)}
    shown["result"] = keep_colors(picture, batch.content) if task.original_colors else picture
    if task.original_colors:
        shown["before the colors of the content"] = picture
    shown["baseline: color transfer"] = transfer_colors(batch.content, first)
    height, width = batch.content.shape[-2:]
    text = f"{width}×{height} pixels; the file is result.png of the run."
    return Section("Images", text, [draw_pictures(folder / "images.png", [*shown.values()], [*shown])])


def _progress(saved: Path, folder: Path) -> list[Section]:
    """The images of epochs, evenly spaced; none if the run only tested."""
    files = sorted(saved.glob("epoch_*.png")) if saved.is_dir() else []
    if not files:
        return []
    places = torch.linspace(0, len(files) - 1, min(_SHOWN, len(files))).round().long().unique().tolist()
    chosen = [files[place] for place in places]
    pictures = [read_picture(file, _SIDE * 2) for file in chosen]
    titles = [f"after epoch {int(file.stem.partition('_')[2])}" for file in chosen]
    figure = draw_pictures(folder / "progress.png", pictures, titles)
    return [Section("Progress", "The image after some of the epochs.", [figure])]


def weights_section(loss: PerceptualLoss, batch: PairBatch, folder: Path) -> Section:
    """The same content under several weights of the style, small and with few steps."""
    height, width = batch.content.shape[-2:]
    factor = min(1.0, _SIDE / max(height, width))
    content = resized(batch.content, [max(round(side * factor), 32) for side in (height, width)])
    usual, device = loss.weights, loss.scales.device
    pictures, titles = [], []
    for factor in _FACTORS:
        loss.weights = (usual[0], usual[1] * factor, usual[2])
        try:
            found = optimize(loss, content.to(device), content.to(device), steps=_STEPS)
        finally:
            loss.weights = usual
        pictures.append(found.picture.cpu())
        titles.append(f"style_weight {usual[1] * factor:g}")
    text = f"{_STEPS} steps of L-BFGS from the content, at a longer side of {max(content.shape[-2:])} pixels."
    return Section("Weights of the style", text, [draw_pictures(folder / "weights.png", pictures, titles)])
