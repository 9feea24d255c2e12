"""Matching of detections with objects: greedy matching, operating point, confusion matrix. Pure functions."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zoo.ops.boxes import area
from zoo.ops.detections import Detections, clip_detections
from zoo.ops.iou import pairwise_intersection, pairwise_iou

Target = dict[str, Tensor]
MATCH_IOU = 0.5  # the lowest IoU of a true positive


class OperatingPoint(NamedTuple):
    """A score threshold, with the precision, recall and F1 of the detections at or above it."""

    score: float
    precision: float
    recall: float
    f1: float


def clip_to_images(found: list[Detections], targets: list[Target]) -> list[Detections]:
    """Clips detections to the images, as predictions do: the padding of a letterboxed image holds no objects."""
    pairs = zip(found, targets, strict=True)
    return [clip_detections(each, target["area"]) if "area" in target else each for each, target in pairs]


def match(found: Detections, target: Target, iou_threshold: float = MATCH_IOU) -> Int[Tensor, " n"]:
    """Index of the object that each detection of an image matches, or −1.

    In order of falling score, a detection takes the unmatched object of its class with the highest IoU, if that is at
    least `iou_threshold`, as in COCO.
    """
    iou = pairwise_iou(found.boxes, target["boxes"])
    iou[found.labels[:, None] != target["labels"][None]] = -1
    taken = torch.full((len(found.labels),), -1, dtype=torch.long)
    if not iou.numel():
        return taken
    for i in found.scores.argsort(descending=True, stable=True).tolist():
        best, index = iou[i].max(0)
        if best >= iou_threshold:
            taken[i] = index
            iou[:, index] = -1
    return taken


def score_detections(
    found: list[Detections], targets: list[Target]
) -> tuple[Float[Tensor, " n"], Bool[Tensor, " n"], int]:
    """Scores of all detections in falling order, whether each is a true positive, and the number of objects.

    False positives with more than half of their area in an ignored region are left out.
    """
    scores, correct = [torch.empty(0)], [torch.empty(0, dtype=torch.bool)]
    for detections, target in zip(found, targets, strict=True):
        hit = match(detections, target) >= 0
        keep = hit | ~ignored(detections, target)
        scores.append(detections.scores[keep])
        correct.append(hit[keep])
    score, hits = torch.cat(scores), torch.cat(correct)
    order = score.argsort(descending=True, stable=True)
    return score[order], hits[order], sum(len(target["labels"]) for target in targets)


def ignored(found: Detections, target: Target) -> Bool[Tensor, " n"]:
    """Whether more than half of each detection lies in an ignored region of its class."""
    regions, labels = ignored_regions(found, target)
    inside = pairwise_intersection(found.boxes, regions) / area(found.boxes)[:, None].clamp(min=1e-7)
    same = found.labels[:, None] == labels[None]
    return ((inside > 0.5) & same).any(1)


def ignored_regions(found: Detections, target: Target) -> tuple[Float[Tensor, "m 4"], Int[Tensor, " m"]]:
    """Ignored regions and the class of each; a region without a class is repeated for each detected class."""
    if "ignore" not in target:
        return target["boxes"][:0], target["labels"][:0]
    regions = target["ignore"]
    if "ignore_labels" in target:
        return regions, target["ignore_labels"]
    classes = found.labels.unique()
    return regions.repeat(len(classes), 1), classes.repeat_interleave(len(regions))


def best_operating_point(scores: Float[Tensor, " n"], correct: Bool[Tensor, " n"], objects: int) -> OperatingPoint:
    """The score with the highest F1 over all classes; ties go to the higher score. Scores are in falling order."""
    if not len(scores) or not objects:
        return OperatingPoint(0.5, 0.0, 0.0, 0.0)
    hits = correct.cumsum(0)
    last_of_equals = torch.ones_like(correct)
    last_of_equals[:-1] = scores[:-1] != scores[1:]  # a threshold cannot separate equal scores
    f1 = 2 * hits / (torch.arange(1, len(scores) + 1) + objects)
    f1[~last_of_equals] = -1
    return operating_point_at(float(scores[f1.argmax()]), scores, correct, objects)


def operating_point_at(
    score: float, scores: Float[Tensor, " n"], correct: Bool[Tensor, " n"], objects: int
) -> OperatingPoint:
    """Precision, recall and F1 of the detections at or above `score`; precision is 0 without detections."""
    chosen = correct[scores >= score]
    hits = int(chosen.sum())
    precision, recall = hits / max(len(chosen), 1), hits / max(objects, 1)
    return OperatingPoint(score, precision, recall, 2 * hits / max(len(chosen) + objects, 1))


def confusion(found: list[Detections], targets: list[Target], num_classes: int, score: float) -> Int[Tensor, "c c"]:
    """Confusion matrix: rows are true classes, columns predicted ones, the last row and column the background.

    Each detection at or above `score` takes the unmatched object with the highest IoU of at least 0.5, of any class.
    """
    counts = torch.zeros(num_classes + 1, num_classes + 1, dtype=torch.long)
    for detections, target in zip(found, targets, strict=True):
        chosen = Detections(*(part[detections.scores >= score] for part in detections))
        one_class = chosen._replace(labels=torch.zeros_like(chosen.labels))
        taken = match(one_class, target | {"labels": torch.zeros_like(target["labels"])})
        seen = taken[taken >= 0]
        counts.index_put_((target["labels"][seen], chosen.labels[taken >= 0]), torch.ones_like(seen), accumulate=True)
        for label in chosen.labels[(taken < 0) & ~ignored(chosen, target)].tolist():
            counts[num_classes, label] += 1
        missed = torch.ones(len(target["labels"]), dtype=torch.bool)
        missed[seen] = False
        for label in target["labels"][missed].tolist():
            counts[label, num_classes] += 1
    return counts
