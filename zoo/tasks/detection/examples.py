"""Sections of a detector's report with images: predictions beside the truth, and what the network trains on."""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.data.detection.base import DetectionData
from zoo.data.detection.drawing import COLORS, draw_boxes, sheet
from zoo.data.images.base import to_unit
from zoo.ops.detections import Detections
from zoo.reports.page import Section
from zoo.tasks.detection.matching import Target

_SHOWN, _COLUMNS, _SIDE = 8, 4, 320  # images, and pixels of a cell
_TRUTH = "#ffffff"


def examples_section(
    found: Sequence[Detections],
    targets: Sequence[Target],
    names: Sequence[str],
    score: float,
    datamodule: DetectionData,
    folder: Path,
) -> Section:
    """The first test images with their true boxes and with the detections of at least `score`."""
    count = min(_SHOWN, len(targets))
    images, _ = datamodule.dataset("test")[torch.arange(count)]
    drawn = []
    for image, detections, target in zip(images, found[:count], targets[:count], strict=True):
        kept = Detections(*(part[detections.scores >= score] for part in detections))
        labels = kept.labels.tolist()
        captions = [f"{names[i]} {value:.2f}" for i, value in zip(labels, kept.scores.tolist(), strict=True)]
        boxes = torch.cat([target["boxes"].float(), kept.boxes.float()])
        true = len(target["boxes"])
        colors = [_TRUTH] * true + [COLORS[i % len(COLORS)] for i in labels]
        drawn.append(draw_boxes(_as_bytes(image), boxes, [""] * true + captions, colors, enlarge=2))
    text = f"The first {count} test images: true boxes in white, detections in color with class and score."
    return Section("Test images", text, [_save(folder / "test_images.png", drawn)])


def training_section(names: Sequence[str], datamodule: DetectionData, folder: Path) -> Section:
    """The first training images and boxes as the network sees them: augmented, in its size."""
    dataset = datamodule.dataset("train")
    count = min(_SHOWN, len(dataset))
    with torch.random.fork_rng(devices=[]):  # leaves the generator of training as it was
        torch.manual_seed(datamodule.seed)
        images, targets = dataset[torch.arange(count)]
        if datamodule.augmentation is not None:
            images, targets = datamodule.augmentation(to_unit(images), targets, 0.0)
    drawn = []
    for image, target in zip(images, targets, strict=True):
        labels = target["labels"].tolist()
        captions, colors = [str(names[i]) for i in labels], [COLORS[i % len(COLORS)] for i in labels]
        drawn.append(draw_boxes(_as_bytes(image), target["boxes"].float(), captions, colors, enlarge=2))
    how = "augmented" if datamodule.augmentation is not None else "without augmentation"
    text = f"Training images as the network sees them, {how}, with the boxes that it learns."
    return Section("Training images", text, [_save(folder / "training_images.png", drawn)])


def _as_bytes(image: Float[Tensor, "3 h w"] | Tensor) -> Tensor:
    return (image * 255).round().clamp(0, 255).to(torch.uint8) if image.is_floating_point() else image


def _save(path: Path, drawn: Sequence[object]) -> Path:
    sheet(drawn, side=_SIDE, columns=_COLUMNS).save(path)  # type: ignore[arg-type]
    return path
