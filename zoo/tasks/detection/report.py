"""The report of a detector, at its stored operating point: curves, classes, confusions, worst mistakes, anchors."""

import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from zoo.data.base import DataModule
from zoo.data.detection.base import DetectionData
from zoo.ops.detections import Detections
from zoo.reports.comparison import comparison
from zoo.reports.confusion import draw_confusion
from zoo.reports.page import Section
from zoo.tasks.detection import Detection
from zoo.tasks.detection.examples import examples_section, training_section
from zoo.tasks.detection.figures import Mistake, draw_anchors, draw_curves, draw_mistakes
from zoo.tasks.detection.matching import (
    Target,
    clip_to_images,
    confusion,
    ignored,
    match,
    operating_point_at,
    score_detections,
)
from zoo.tasks.detection.metrics import DetectionMetrics

_SHOWN = 12  # misses, and as many false positives
_AREAS = (0.0, 32.0**2, 96.0**2, float("inf"))  # square pixels, as in COCO
_SIZES = ("small, below 32×32", "medium, below 96×96", "large")


def sections(task: Detection, datamodule: DataModule, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`."""
    assert isinstance(datamodule, DetectionData)
    names = [str(name) for name in task.card["class_names"]]
    found, targets, seconds = detect_test_split(task, datamodule)
    score = float(task.operating_point)
    return [
        _result(results, folder, seconds),
        _curves(found, targets, names, score, folder),
        _classes(found, targets, names, score),
        _sizes(found, targets),
        _confusion(found, targets, names, score, folder),
        _mistakes(found, targets, names, score, datamodule, folder),
        examples_section(found, targets, names, score, datamodule, folder),
        training_section(names, datamodule, folder),
        *([_anchors(datamodule, folder)] if "anchors" in task.measured_metadata else []),
    ]


@torch.inference_mode()
def detect_test_split(task: Detection, datamodule: DetectionData) -> tuple[list[Detections], list[Target], float]:
    """Detections and targets of all test images, and the seconds per image."""
    split = datamodule.dataset("test")
    found: list[Detections] = []
    targets: list[Target] = []
    seconds = 0.0
    task.eval()
    for indices in torch.arange(len(split)).split(datamodule.batch_size):
        images, truth = datamodule.normalize(split[indices])
        start = time.perf_counter()
        batch = task.detect(images.to(task.device))
        found += clip_to_images([Detections(*(part.cpu() for part in detections)) for detections in batch], truth)
        seconds += time.perf_counter() - start
        targets += truth
    return found, targets, seconds / max(len(split), 1)


def _result(results: Mapping[str, Any], folder: Path, seconds: float) -> Section:
    section = comparison(results, "map_50", folder)
    beside = [f"{name} {f['ms_per_image']:.1f} ms" for name, f in results["baselines"].items() if "ms_per_image" in f]
    latency = [f"Inference with post-processing takes {1000 * seconds:.1f} ms per test image", *beside]
    return Section(section.title, f"{section.text}\n\n{', '.join(latency)}.", section.figures, section.table)


def _curves(found: list[Detections], targets: list[Target], names: list[str], score: float, folder: Path) -> Section:
    curves = {}
    for label, name in enumerate(names):
        _, correct, objects = score_detections(*_of_class(found, targets, label))
        hits = correct.cumsum(0)
        if objects:
            curves[name] = (hits / objects, hits / torch.arange(1, len(correct) + 1))
    point = operating_point_at(score, *score_detections(found, targets))
    text = (
        f"The operating point is the score {score:.3f}, which has the highest F1 on the validation split. On the test "
        f"split it gives precision {point.precision:.3f} and recall {point.recall:.3f}. A true positive has an IoU of "
        "at least 0.5. Predictions and the sections below use this score."
    )
    figure = draw_curves(folder / "precision_recall.png", curves, (point.recall, point.precision))
    return Section("Precision and recall", text, [figure])


def _classes(found: list[Detections], targets: list[Target], names: list[str], score: float) -> Section:
    each, at_half = _average_precision(found, targets, None), _average_precision(found, targets, [0.5])
    table = [["class", "AP", "AP at 0.5", "precision", "recall", "F1", "objects"]]
    for label, name in enumerate(names):
        scores, correct, objects = score_detections(*_of_class(found, targets, label))
        point = operating_point_at(score, scores, correct, objects)
        row = [_number(each.get(label)), _number(at_half.get(label))]
        if objects:
            row += [f"{point.precision:.3f}", f"{point.recall:.3f}", f"{point.f1:.3f}"]
        else:
            row += ["–", "–", "–"]
        table.append([name, *row, str(objects)])
    text = "AP is the mean over IoU thresholds 0.5 … 0.95, as in COCO. Classes without test objects have no AP."
    return Section("Classes", text, [], table)


def _sizes(found: list[Detections], targets: list[Target]) -> Section:
    values = _per_class(found, targets, None)
    areas = torch.cat([(target["boxes"][:, 2:] - target["boxes"][:, :2]).prod(1) for target in targets])
    counts = [int(((areas >= low) & (areas < high)).sum()) for low, high in pairwise(_AREAS)]
    table = [["objects", "AP", "number"]]
    for name, key, count in zip(_SIZES, ("map_small", "map_medium", "map_large"), counts, strict=True):
        table.append([name, _number(float(values[key])), str(count)])
    text = "Areas of the boxes, in pixels of the network's input, with the limits of COCO."
    return Section("Sizes", text, [], table)


def _confusion(found: list[Detections], targets: list[Target], names: list[str], score: float, folder: Path) -> Section:
    matrix = confusion(found, targets, len(names), score).numpy()
    figure = draw_confusion(folder / "confusion_matrix.png", matrix, [*names, "background"])
    missed, false = int(matrix[:-1, -1].sum()), int(matrix[-1, :-1].sum())
    text = (
        f"Of {int(matrix[:-1].sum()):,} objects, {missed:,} have no detection at all (last column). "
        f"{false:,} detections match no object (last row). A detection is matched with the object that it overlaps "
        "most, of any class."
    )
    return Section("Confusion matrix", text, [figure])


def _mistakes(
    found: list[Detections],
    targets: list[Target],
    names: list[str],
    score: float,
    datamodule: DetectionData,
    folder: Path,
) -> Section:
    misses: list[Mistake] = []
    false_positives: list[Mistake] = []
    for number, (detections, target) in enumerate(zip(found, targets, strict=True)):
        chosen = Detections(*(part[detections.scores >= score] for part in detections))
        taken = match(chosen, target)
        for i in torch.nonzero((taken < 0) & ~ignored(chosen, target))[:, 0].tolist():
            caption = f"{names[int(chosen.labels[i])]} {float(chosen.scores[i]):.2f}"
            false_positives.append(Mistake(number, chosen.boxes[i], caption, float(chosen.scores[i])))
        for i in set(range(len(target["labels"]))) - set(taken.tolist()):
            box = target["boxes"][i]
            side = float((box[2:] - box[:2]).min())  # large objects are the worst to miss
            misses.append(Mistake(number, box, names[int(target["labels"][i])], side))
    figures = []
    for kind, mistakes in (("misses", misses), ("false_positives", false_positives)):
        mistakes.sort(key=lambda mistake: -mistake.weight)
        if mistakes:
            figures.append(draw_mistakes(folder / f"{kind}.png", mistakes[:_SHOWN], datamodule.dataset("test")))
    text = (
        f"{len(misses):,} objects have no detection of their class; the largest are shown first. "
        f"{len(false_positives):,} detections are false positives; the highest scores are shown first. A detection of "
        "a wrong class counts in both."
    )
    return Section("Worst misses and false positives", text, figures)


def _anchors(datamodule: DetectionData, folder: Path) -> Section:
    choice = datamodule.anchor_choice()
    figure = draw_anchors(folder / "anchors.png", choice.anchors, datamodule.box_sizes())
    table = [["anchors", "mean best IoU", "boxes within a factor of 4"]]
    table.append(["published", f"{choice.before.mean_iou:.3f}", f"{choice.before.recall:.1%}"])
    table.append([f"used ({choice.source})", f"{choice.after.mean_iou:.3f}", f"{choice.after.recall:.1%}"])
    shapes = "  ".join(f"{w:g}×{h:g}" for w, h in choice.anchors)
    return Section("Anchors", f"Width × height in pixels of the network's input: {shapes}.", [figure], table)


def _average_precision(found: list[Detections], targets: list[Target], ious: list[float] | None) -> dict[int, float]:
    values = _per_class(found, targets, ious)
    return dict(zip(values["classes"].view(-1).tolist(), values["map_per_class"].view(-1).tolist(), strict=True))


def _per_class(found: list[Detections], targets: list[Target], ious: list[float] | None) -> dict[str, torch.Tensor]:
    metric = DetectionMetrics(per_class=True, sync_on_compute=False)  # only the first process writes the report
    if ious is not None:
        metric.iou_thresholds = ious
    metric.add(found, targets)
    return metric.compute()


def _of_class(found: list[Detections], targets: list[Target], label: int) -> tuple[list[Detections], list[Target]]:
    chosen = [Detections(*(part[d.labels == label] for part in d)) for d in found]
    truth = []
    for target in targets:
        mine = target["labels"] == label
        truth.append(target | {"boxes": target["boxes"][mine], "labels": target["labels"][mine]})
    return chosen, truth


def _number(value: float | None) -> str:
    return "–" if value is None or value < 0 else f"{value:.3f}"
