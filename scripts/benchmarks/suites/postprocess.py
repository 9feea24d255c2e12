"""Post-processing of a detector's output; peers: ultralytics, torchvision and a loop in Python."""

from collections.abc import Iterator
from functools import partial

import torch
import torchvision
from torch import Tensor

from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.timing import Measured, compare
from zoo.ops.detections import Detections, select
from zoo.ops.nms import nms

CLASSES, IOU, MIN_SCORE, KEPT = 80, 0.5, 0.01, 100
COUNTS = (100, 1_000, 10_000, 100_000)
LONGEST_LOOP = 10_000  # boxes; the plain loop takes minutes beyond
ANCHORS, THRESHOLD, YOLO_IOU, YOLO_KEPT = 8_400, 0.25, 0.45, 300
LIMITS = {1: 1.05, 10: 0.80, 100: 0.05}  # percent of the anchors that pass the threshold


def cases(settings: Settings) -> Iterator[Case]:
    """A YOLO output with three shares of boxes above the threshold; 100 to 100,000 boxes."""
    for percent, limit in LIMITS.items():
        yield Case(
            name=f"YOLO output [1, {4 + CLASSES}, {ANCHORS}], {percent} % of the anchors above the threshold",
            peer="ultralytics' non_max_suppression",
            measure=partial(_beside_ultralytics, percent, settings),
            limit=limit,
            needs=("ultralytics",),
        )
    for count in COUNTS[:1] if settings.quick else COUNTS:
        yield from _boxes(count, settings)


def _boxes(count: int, settings: Settings) -> Iterator[Case]:
    boxes, scores = (part.to(settings.device) for part in scene(count))
    best = scores.amax(1)
    slow = f"the loop takes minutes beyond {LONGEST_LOOP:,} boxes" if count > LONGEST_LOOP else ""
    ours = partial(nms, boxes, best, IOU)
    for peer, theirs, absent in (
        ("torchvision's nms", partial(torchvision.ops.nms, boxes, best, IOU), ""),
        ("a loop in Python", partial(loop, boxes, best), slow),
    ):
        measure = partial(compare, ours, theirs, settings)
        yield Case(name=f"non-maximum suppression of {count:,} boxes", peer=peer, measure=measure, absent=absent)
    yield Case(
        name=f"post-processing of {count:,} boxes",
        peer="torchvision's batched_nms",
        measure=partial(compare, partial(_select, boxes, scores), partial(usual, boxes, scores), settings),
    )


def _select(boxes: Tensor, scores: Tensor) -> Detections:
    return select(boxes, scores, min_score=MIN_SCORE, iou_threshold=IOU, max_detections=KEPT)


def usual(boxes: Tensor, scores: Tensor) -> Tensor:
    """Post-processes with torchvision: best class, threshold, batched NMS, the best `KEPT`."""
    best, labels = scores.max(1)
    alive = torch.nonzero(best > MIN_SCORE)[:, 0]
    return alive[torchvision.ops.batched_nms(boxes[alive], best[alive], labels[alive], IOU)[:KEPT]]


def loop(boxes: Tensor, scores: Tensor) -> list[int]:
    """Suppresses in Python: compares one box after the other with those kept so far."""
    kept: list[int] = []
    for i in scores.argsort(descending=True, stable=True).tolist():
        if not kept or bool((torchvision.ops.box_iou(boxes[i][None], boxes[kept])[0] < IOU).all()):
            kept.append(i)
    return kept


def scene(count: int) -> tuple[Tensor, Tensor]:
    """Generates boxes [count, 4] around a few hundred objects of a 640-pixel image, and scores [count, CLASSES]."""
    generator = torch.Generator().manual_seed(count)
    objects = torch.rand(min(count, 300), 4, generator=generator) * torch.tensor([600.0, 600.0, 150.0, 150.0]) + 5
    chosen = objects[torch.randint(len(objects), (count,), generator=generator)]
    chosen = chosen * (1 + 0.1 * torch.randn(count, 4, generator=generator))
    boxes = torch.cat([chosen[:, :2], chosen[:, :2] + chosen[:, 2:].abs()], 1)
    return boxes, torch.rand(count, CLASSES, generator=generator) ** 4


def yolo_output(percent: int) -> Tensor:
    """Generates a raw output [1, 84, 8400]: center, width and height in pixels, then a score for each class."""
    generator = torch.Generator().manual_seed(percent)
    corners, _ = scene(ANCHORS)
    boxes = torchvision.ops.box_convert(corners, "xyxy", "cxcywh")
    scores = torch.rand(ANCHORS, CLASSES, generator=generator) * 0.9 * THRESHOLD
    alive = torch.randperm(ANCHORS, generator=generator)[: ANCHORS * percent // 100]
    labels = torch.randint(CLASSES, (len(alive),), generator=generator)
    scores[alive, labels] = THRESHOLD + 0.01 + (0.98 - THRESHOLD) * torch.rand(len(alive), generator=generator)
    return torch.cat([boxes, scores], 1).T[None].contiguous()


def _beside_ultralytics(percent: int, settings: Settings) -> Measured:
    from ultralytics.utils.nms import non_max_suppression

    original = yolo_output(percent).to(settings.device)
    output = original.clone()

    def ours() -> Detections:
        center, half = output[0, :2], output[0, 2:4] / 2
        boxes = torch.cat([center - half, center + half]).T
        return select(boxes, output[0, 4:].T, min_score=THRESHOLD, iou_threshold=YOLO_IOU, max_detections=YOLO_KEPT)

    def theirs() -> Tensor:
        return non_max_suppression(output, THRESHOLD, YOLO_IOU, max_det=YOLO_KEPT)[0]

    same = _alike(ours(), theirs())
    assert torch.equal(output, original), "the peer changes its input: copy it before each call"
    return compare(ours, theirs, settings, note=same)


def _alike(ours: Detections, theirs: Tensor) -> str:
    """Formats how many boxes both sides share."""
    both = {tuple(row) for row in ours.boxes.round().tolist()} & {tuple(row) for row in theirs[:, :4].round().tolist()}
    return f"{len(ours.boxes)} boxes, {len(both)} of them among their {len(theirs)}"
