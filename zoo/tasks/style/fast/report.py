"""The report of a network of style transfer: costs beside the optimization, and held-out images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from zoo.data.style.base import StyleData
from zoo.reports.comparison import comparison
from zoo.reports.page import Section
from zoo.tasks.style.colors import transfer_colors
from zoo.tasks.style.descent import optimize
from zoo.tasks.style.fast.baselines import STEPS
from zoo.tasks.style.fast.task import FastStyle
from zoo.tasks.style.figures import draw_pictures

_ROWS = 4


def sections(task: FastStyle, datamodule: StyleData, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`."""
    styles = datamodule.styles()
    figure = draw_pictures(folder / "style.png", styles, datamodule.style_names)
    ratio = _ratio(results)
    return [
        comparison(results, "cost", folder),
        Section("Style", "Blended by their weights." if len(styles) > 1 else "", [figure]),
        Section("Held-out images", ratio, [_draw(task, datamodule, folder, optimized=bool(results["baselines"]))]),
    ]


def _ratio(results: Mapping[str, Any]) -> str:
    ours = results["test"]
    theirs = next((values for name, values in results["baselines"].items() if "L-BFGS" in name), None)
    if theirs is None:
        return ""
    return (
        f"The cost of the network is {ours['cost'] / theirs['cost']:.2f} times that of {STEPS} steps of L-BFGS on each "
        f"image, in 1/{theirs['ms_per_image'] / max(ours['ms_per_image'], 1e-9):,.0f} of the time."
    )


@torch.no_grad()
def _draw(task: FastStyle, datamodule: StyleData, folder: Path, *, optimized: bool) -> Path:
    test = datamodule.dataset("test")
    contents = datamodule.normalize(test[torch.arange(min(_ROWS, len(test)))])
    style = datamodule.styles()[datamodule.blend.index(max(datamodule.blend))]
    device, pictures, titles = task.device, [], []
    for content in contents.split(1):
        there = content.to(device)
        pictures += [content, task.eval()(there).float().cpu(), transfer_colors(content, style)]
        titles += ["content", "network", "color transfer"]
        if optimized:
            pictures.insert(-1, optimize(task.perceptual, there, there, steps=STEPS).picture.cpu())
            titles.insert(-1, f"{STEPS} steps of L-BFGS")
    return draw_pictures(folder / "held_out.png", pictures, titles, columns=4 if optimized else 3)
