import contextlib
import io

import numpy as np
import pytest
import torch

from zoo.ops.detections import Detections
from zoo.tasks.detection.metrics import DetectionMetrics

CLASSES = [2, 7, 30]  # COCO category ids with gaps


def scene(seed, images=40):
    """Objects, crowds, images without any, and noisy detections; class 30 is never seen in the last half."""
    generator = torch.Generator().manual_seed(seed)
    targets, found = [], []
    for i in range(images):
        count = int(torch.randint(0, 6, (1,), generator=generator)) if i % 5 else 0
        corner = (torch.rand(count, 2, generator=generator) * 100).round()
        boxes = torch.cat([corner, corner + 5 + (torch.rand(count, 2, generator=generator) * 60).round()], 1)
        labels = torch.randint(0, 3 if i < images // 2 else 2, (count,), generator=generator)
        crowd = torch.rand(count, generator=generator) < 0.15
        targets.append(
            {
                "boxes": boxes[~crowd],
                "labels": labels[~crowd],
                "ignore": boxes[crowd],
                "ignore_labels": labels[crowd],
            }
        )
        keep = torch.rand(2 * count, generator=generator) < 0.7
        noisy = boxes.repeat(2, 1)[keep] + (torch.randn(int(keep.sum()), 4, generator=generator) * 3).round()
        guess = labels.repeat(2)[keep]
        wrong = torch.rand(len(guess), generator=generator) < 0.1
        guess = torch.where(wrong, (guess + 1) % 3, guess)
        extra = torch.cat([torch.zeros(1, 2), torch.full((1, 2), 30.0)], 1)
        boxes = torch.cat([noisy, extra])
        boxes[:, 2:] = torch.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        scores = torch.rand(len(boxes), generator=generator)
        found.append(Detections(boxes, scores, torch.cat([guess, torch.tensor([0])])))
    return found, targets


def by_pycocotools(found, targets):
    coco_module = pytest.importorskip("pycocotools.coco")
    from pycocotools.cocoeval import COCOeval

    truth = {"images": [], "annotations": [], "categories": [{"id": i, "name": str(i)} for i in CLASSES], "info": {}}
    results = []
    for i, (detections, target) in enumerate(zip(found, targets, strict=True)):
        truth["images"].append({"id": 10 * i + 3})
        for name, labels, crowd in (("boxes", "labels", 0), ("ignore", "ignore_labels", 1)):
            for (x1, y1, x2, y2), label in zip(target[name].tolist(), target[labels].tolist(), strict=True):
                box = [x1, y1, x2 - x1, y2 - y1]
                entry = {"id": len(truth["annotations"]) + 1, "image_id": 10 * i + 3, "category_id": CLASSES[label]}
                truth["annotations"].append(entry | {"bbox": box, "area": box[2] * box[3], "iscrowd": crowd})
        for (x1, y1, x2, y2), score, label in zip(*(part.tolist() for part in detections), strict=True):
            entry = {"image_id": 10 * i + 3, "category_id": CLASSES[label], "score": score}
            results.append(entry | {"bbox": [x1, y1, x2 - x1, y2 - y1]})
    with contextlib.redirect_stdout(io.StringIO()):
        coco = coco_module.COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]
    per_class = [float(np.mean(precision[:, :, k])) for k in range(3)]
    return evaluation.stats[:3], per_class


@pytest.mark.parametrize("seed", range(5))
def test_equals_pycocotools_with_crowds_empty_images_and_id_gaps(seed):
    found, targets = scene(seed)
    metric = DetectionMetrics(per_class=True)
    metric.add(found[:13], targets[:13])
    metric.add(found[13:], targets[13:])
    values = metric.compute()
    expected, per_class = by_pycocotools(found, targets)
    mine = [float(values[name]) for name in ("map", "map_50", "map_75")]
    np.testing.assert_allclose(mine, expected, atol=1e-6)
    np.testing.assert_allclose(values["map_per_class"].numpy(), per_class, atol=1e-6)


def test_a_region_without_a_class_is_ignored_for_every_class():
    found, targets = scene(0)
    bare = [{name: part for name, part in target.items() if name != "ignore_labels"} for target in targets]
    explicit = [
        target | {"ignore": target["ignore"].repeat(3, 1), "ignore_labels": torch.arange(3).repeat_interleave(count)}
        for target in targets
        for count in [len(target["ignore"])]
    ]
    values = []
    for given in (bare, explicit, targets):
        metric = DetectionMetrics()
        metric.add(found, given)
        values.append({name: float(value) for name, value in metric.compute().items()})
    assert values[0] == values[1] != values[2]
    expected, _ = by_pycocotools(found, explicit)
    assert [values[0][name] for name in ("map", "map_50", "map_75")] == pytest.approx(expected, abs=1e-6)


def test_the_example_of_torchmetrics():
    metric = DetectionMetrics()
    found = Detections(torch.tensor([[258.0, 41.0, 606.0, 285.0]]), torch.tensor([0.536]), torch.tensor([0]))
    metric.add([found], [{"boxes": torch.tensor([[214.0, 41.0, 562.0, 285.0]]), "labels": torch.tensor([0])}])
    values = metric.compute()
    assert [round(float(values[k]), 4) for k in ("map", "map_50", "map_75")] == [0.6, 1.0, 1.0]
    assert metric.point is not None
    assert metric.point.score == pytest.approx(0.536)


def test_a_process_with_fewer_images_is_counted_as_the_other_is(monkeypatch):
    found, targets = scene(0)
    full, first, second = DetectionMetrics(), DetectionMetrics(), DetectionMetrics()
    for metric, part in ((full, slice(None)), (first, slice(27)), (second, slice(27, None))):
        metric.add(found[part], targets[part])
    others = {name: getattr(second, name) for name in second._defaults}
    monkeypatch.setattr("torch.distributed.get_world_size", lambda group: 2)
    monkeypatch.setattr(
        "torch.distributed.all_gather_object", lambda into, mine, group: into.__setitem__(slice(None), [mine, others])
    )
    first._sync_dist()
    assert first.compute() == full.compute() != second.compute()


def test_a_perfect_detector_and_a_silent_one():
    _, targets = scene(0)
    perfect = [Detections(t["boxes"], torch.ones(len(t["boxes"])), t["labels"]) for t in targets]
    metric = DetectionMetrics()
    metric.add(perfect, targets)
    assert {name: float(v) for name, v in metric.compute().items()} == pytest.approx(
        dict.fromkeys(("map", "map_50", "map_75", "precision", "recall", "f1"), 1.0)
    )
    silent = DetectionMetrics()
    silent.add([Detections(p.boxes[:0], p.scores[:0], p.labels[:0]) for p in perfect], targets)
    assert float(silent.compute()["map_50"]) == 0


def test_precision_and_recall_at_a_given_score():
    found, targets = scene(1)
    metric = DetectionMetrics()
    metric.at = 0.6
    metric.add(found, targets)
    high = metric.compute()
    lower = DetectionMetrics()
    lower.at = 0.1
    lower.add(found, targets)
    assert lower.compute()["recall"] > high["recall"]
