"""The report of an image regression: baselines, predictions, the images with the largest errors, filters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.data.base import DataModule
from zoo.reports.comparison import comparison
from zoo.reports.images import draw_images
from zoo.reports.network_sections import filters_section
from zoo.reports.page import Section
from zoo.tasks.regression.image.task import ImageRegression
from zoo.tasks.regression.sections import predictions_section

SHOWN = 12


def sections(task: ImageRegression, datamodule: DataModule, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`; needs the outputs of a finished test."""
    found = [
        comparison(results, "rmse", folder),
        predictions_section(task, datamodule.dataset("test"), folder, "images"),
        errors_section(task, datamodule, folder),
        filters_section(task.network, folder),
    ]
    return [section for section in found if section is not None]


def errors_section(task: ImageRegression, datamodule: DataModule, folder: Path) -> Section:
    """The test images with the largest errors."""
    outputs, target = task.test_outputs()
    worst = (outputs.value - target).abs().argsort(descending=True, stable=True)[:SHOWN]
    images = datamodule.dataset("test")[worst][0]
    titles = [f"{outputs.value[place]:.4g}\ntrue: {target[place]:.4g}" for place in worst.tolist()]
    figure = draw_images(folder / "largest_errors.png", [*images], titles)
    text = "Each image shows the prediction, and below it the number of the table. Some of these may be wrong."
    return Section("Images with the largest errors", text, [figure])
