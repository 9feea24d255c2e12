"""Times NMS and the whole post-processing beside torchvision's and a plain loop, for 100 to 100,000 boxes."""

import time
from collections.abc import Callable

import torch
import torchvision
from torch import Tensor

from zoo.ops.detections import select
from zoo.ops.nms import nms

CLASSES, IOU, MIN_SCORE, KEPT = 80, 0.5, 0.01, 100
LONGEST_LOOP = 2_000  # boxes; the plain loop takes minutes beyond


def scene(count: int) -> tuple[Tensor, Tensor]:
    """Boxes around a few hundred objects of a 640-pixel image, and scores, as a detector gives them."""
    generator = torch.Generator().manual_seed(count)
    objects = torch.rand(min(count, 300), 4, generator=generator) * torch.tensor([600.0, 600.0, 150.0, 150.0]) + 5
    chosen = objects[torch.randint(len(objects), (count,), generator=generator)]
    chosen = chosen * (1 + 0.1 * torch.randn(count, 4, generator=generator))
    boxes = torch.cat([chosen[:, :2], chosen[:, :2] + chosen[:, 2:].abs()], 1)
    return boxes, torch.rand(count, CLASSES, generator=generator) ** 4


def loop(boxes: Tensor, scores: Tensor) -> list[int]:
    """The notes' loop over Python lists."""
    order = scores.argsort(descending=True, stable=True).tolist()
    kept: list[int] = []
    for i in order:
        if not kept or bool((torchvision.ops.box_iou(boxes[i][None], boxes[kept])[0] < IOU).all()):
            kept.append(i)
    return kept


def usual(boxes: Tensor, scores: Tensor) -> Tensor:
    """Post-processing by torchvision: best class, threshold, batched NMS of all, the first hundred."""
    best, labels = scores.max(1)
    alive = torch.nonzero(best > MIN_SCORE)[:, 0]
    return alive[torchvision.ops.batched_nms(boxes[alive], best[alive], labels[alive], IOU)[:KEPT]]


def milliseconds(function: Callable[[], object]) -> float:
    """The median CPU time of a call."""
    times: list[float] = []
    while len(times) < 3 or (sum(times) < 0.3 and len(times) < 50):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return 1000 * sorted(times)[len(times) // 2]


def main() -> None:
    """Prints one row for each number of boxes, in CPU milliseconds on one thread."""
    torch.set_num_threads(1)
    print("boxes     nms: zoo  torchvision  plain torch   loop | post-processing: zoo  torchvision")
    for count in (100, 1_000, 10_000, 100_000):
        boxes, scores = scene(count)
        best = scores.amax(1)
        columns: list[Callable[[], object]] = [
            lambda boxes=boxes, best=best: nms(boxes, best, IOU),  # type: ignore[misc]
            lambda boxes=boxes, best=best: torchvision.ops.nms(boxes, best, IOU),  # type: ignore[misc]
            lambda boxes=boxes, best=best: nms(boxes, best, IOU, "plain"),  # type: ignore[misc]
            lambda boxes=boxes, best=best: loop(boxes, best),  # type: ignore[misc]
            lambda boxes=boxes, scores=scores: select(  # type: ignore[misc]
                boxes, scores, min_score=MIN_SCORE, iou_threshold=IOU, max_detections=KEPT
            ),
            lambda boxes=boxes, scores=scores: usual(boxes, scores),  # type: ignore[misc]
        ]
        slow = (3,) if count > LONGEST_LOOP else ()
        cells = ["     –" if i in slow else f"{milliseconds(column):.2f}" for i, column in enumerate(columns)]
        print(f"{count:>7,}" + "".join(f"{cell:>12}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
