"""The report of a landmark model: errors of each point, first and worst images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.data.base import DataModule
from zoo.reports.comparison import comparison
from zoo.reports.figures import COLORS, drawing
from zoo.reports.images import show_image
from zoo.reports.page import Section
from zoo.tasks.landmarks import Landmarks
from zoo.tasks.landmarks.metrics import normalized_distances

_SHOWN = 12


def sections(task: Landmarks, datamodule: DataModule, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`; needs the outputs of a finished test."""
    test = datamodule.dataset("test")
    images, target = test[torch.arange(len(test))]
    predicted = task.test_outputs()
    present = torch.nonzero(target["present"])[:, 0]
    distances = normalized_distances(predicted[present], target["points"][present])
    table = [["point", "mean error", "median error", "below 0.1"]]
    for number, column in enumerate(distances.T, start=1):
        near = f"{float((column < 0.1).float().mean()):.1%}"
        table.append([str(number), f"{float(column.mean()):.4f}", f"{float(column.median()):.4f}", near])
    order = distances.mean(1).argsort(descending=True)
    worst = _draw(folder / "worst.png", images, predicted, target["points"], present[order[:_SHOWN]].tolist())
    train = datamodule.dataset("train")
    seen, known = train[torch.arange(min(_SHOWN, len(train)))]
    trained = _draw(folder / "training_images.png", seen, None, known["points"], torch.arange(len(seen)).tolist())
    first = _draw(folder / "first.png", images, predicted, target["points"], present[:_SHOWN].tolist())
    text = (
        "Errors are distances divided by the size of the object. Points are numbered clockwise from the top left "
        "corner of the upright object."
    )
    return [
        comparison(results, "nme", folder),
        Section("Points", text, [], table),
        Section("First images", "True points (circles) and predicted points (crosses).", [first]),
        Section("Worst images", "The images with the largest mean error.", [worst]),
        Section("Training images", "As the network sees them, with the true points.", [trained]),
    ]


def _draw(
    path: Path,
    images: Tensor,
    predicted: Float[Tensor, "n k 2"] | None,
    points: Float[Tensor, "n k 2"],
    chosen: Sequence[int],
) -> Path:
    columns = min(6, max(len(chosen), 1))
    rows = max(-(-len(chosen) // columns), 1)
    size = images.shape[-1]
    with drawing(path, width=1.6 * columns, height=1.6 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, i in zip(grid, chosen, strict=False):
            show_image(axes, images[i])
            drawn = [("o", "white", points[i])] + ([("x", COLORS[1], predicted[i])] if predicted is not None else [])
            for marker, color, place in drawn:
                x, y = (place * size - 0.5).T.tolist()
                axes.plot(x, y, marker, color=color, ms=5, mfc="none")
            axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
        for axes in grid[len(chosen) :]:
            axes.remove()
    return path
