"""The report of a network of style transfer: costs beside the optimization, and held-out images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from zoo.data.style.folder import StylePictures
from zoo.reports.comparison import comparison
from zoo.reports.page import Section
from zoo.tasks.style.fast.baselines import held_out
from zoo.tasks.style.fast.task import FastStyle
from zoo.tasks.style.figures import draw_pictures
from zoo.tasks.style.held_out import ROWS, HeldOut, draw_held_out, ratio


def sections(task: FastStyle, datamodule: StylePictures, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`."""
    styles = datamodule.styles()
    figure = draw_pictures(folder / "style.png", styles, datamodule.style_names)
    task.eval()

    def restyle(case: HeldOut) -> Tensor:
        found: Tensor = task(case.content.to(task.device))
        return found

    images = draw_held_out(
        folder / "held_out.png",
        task,
        held_out(datamodule, ROWS),
        restyle,
    )
    return [
        comparison(results, "cost", folder),
        Section("Style", "Blended by their weights." if len(styles) > 1 else "", [figure]),
        Section("Held-out images", ratio(results), [images]),
    ]
