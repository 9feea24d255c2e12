import itertools

import pytest
import torch

from zoo.ops.detections import Detections
from zoo.tasks.detection.matching import best_operating_point, confusion, match, operating_point_at, score_detections

# The worked example of github.com/rafaelpadilla/Object-Detection-Metrics (MIT), x y width height:
# objects, and detections with their scores first.
PADILLA = [
    ("25 16 38 56; 129 123 41 62", ".88 5 67 31 48; .70 119 111 40 67; .80 124 9 49 67"),
    ("123 11 43 55; 38 132 59 45", ".71 64 111 64 58; .54 26 140 60 47; .74 19 18 43 35"),
    (
        "16 14 35 48; 123 30 49 44; 99 139 47 47",
        ".18 109 15 77 39; .67 86 63 46 45; .38 160 62 36 53; .91 105 131 47 47; .44 18 148 40 44",
    ),
    ("53 42 40 52; 154 43 31 34", ".35 83 28 28 26; .78 28 68 42 67; .45 87 89 25 39; .14 10 155 60 26"),
    ("59 31 44 51; 48 128 34 52", ".62 50 38 28 46; .44 95 11 53 28; .95 29 131 72 29; .23 29 163 72 29"),
    ("36 89 52 76; 62 58 44 67", ".45 43 48 74 38; .84 17 155 29 35; .43 95 110 25 42"),
    ("28 31 55 63; 58 67 50 58", ".48 16 20 101 88; .95 33 116 37 49"),
]


def numbers(text):
    return torch.tensor([[float(v) for v in row.split()] for row in text.split(";")])


def padilla(inclusive):
    found, targets = [], []
    for objects, detections in PADILLA:
        gt, det = numbers(objects), numbers(detections)
        gt[:, 2:] += gt[:, :2] + inclusive
        det[:, 3:] += det[:, 1:3] + inclusive
        targets.append({"boxes": gt, "labels": torch.zeros(len(gt), dtype=torch.long)})
        found.append(Detections(det[:, 1:], det[:, 0], torch.zeros(len(det), dtype=torch.long)))
    return found, targets


@pytest.mark.parametrize(("inclusive", "hits", "eleven", "every"), [(1, 7, 0.2684, 0.2457), (0, 6, 0.2684, 0.2254)])
def test_the_published_example(inclusive, hits, eleven, every):
    scores, correct = [], []
    for detections, target in zip(*padilla(inclusive), strict=True):
        scores.append(detections.scores)
        correct.append(match(detections, target, iou_threshold=0.3) >= 0)
    order = torch.cat(scores).argsort(descending=True, stable=True)
    correct = torch.cat(correct)[order]
    assert int(correct.sum()) == hits
    precision = correct.cumsum(0) / torch.arange(1, 25)
    recall = correct.cumsum(0) / 15
    levels = [
        max((float(p) for p, r in zip(precision, recall, strict=True) if r >= k / 10), default=0) for k in range(11)
    ]
    assert sum(levels) / 11 == pytest.approx(eleven, abs=1e-4)
    envelope = precision.flip(0).cummax(0).values.flip(0)
    steps = torch.diff(recall, prepend=torch.zeros(1))
    assert float((envelope * steps).sum()) == pytest.approx(every, abs=1e-4)


def boxes(*rows):
    return torch.tensor(rows, dtype=torch.float32).view(-1, 4)


def test_each_object_is_found_once_by_the_best_and_classes_stay_apart():
    target = {"boxes": boxes([0, 0, 10, 10], [20, 0, 30, 10]), "labels": torch.tensor([0, 1])}
    found = Detections(
        boxes([0, 0, 10, 9], [0, 0, 10, 10], [20, 0, 30, 10], [20, 0, 30, 10]),
        torch.tensor([0.5, 0.9, 0.8, 0.3]),
        torch.tensor([0, 0, 0, 1]),
    )
    assert match(found, target).tolist() == [-1, 0, -1, 1]


def test_nothing_found_or_nothing_there():
    empty = Detections(torch.empty(0, 4), torch.empty(0), torch.empty(0, dtype=torch.long))
    target = {"boxes": boxes([0, 0, 10, 10]), "labels": torch.tensor([0])}
    assert match(empty, target).tolist() == []
    nothing = {"boxes": torch.empty(0, 4), "labels": torch.empty(0, dtype=torch.long)}
    assert match(Detections(target["boxes"], torch.tensor([0.4]), torch.tensor([0])), nothing).tolist() == [-1]
    assert best_operating_point(*score_detections([empty], [target])) == (0.5, 0, 0, 0)


@pytest.mark.parametrize("seed", range(20))
def test_the_best_point_beats_every_other_threshold(seed):
    generator = torch.Generator().manual_seed(seed)
    scores = (torch.rand(30, generator=generator) * 10).round() / 10  # with ties
    scores = scores.sort(descending=True).values
    correct = torch.rand(30, generator=generator) < scores
    best = best_operating_point(scores, correct, 25)
    for threshold in torch.cat([scores, torch.tensor([0.0, 2.0])]).tolist():
        assert operating_point_at(threshold, scores, correct, 25).f1 <= best.f1 + 1e-9
    chosen = correct[scores >= best.score]
    assert best.precision == pytest.approx(float(chosen.float().mean()))
    assert best.recall == pytest.approx(int(chosen.sum()) / 25)


def test_confusion_counts_every_object_and_every_detection_once():
    target = {"boxes": boxes([0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]), "labels": torch.tensor([0, 1, 1])}
    found = Detections(
        boxes([0, 0, 10, 10], [20, 0, 30, 10], [70, 0, 80, 10], [40, 0, 50, 10]),
        torch.tensor([0.9, 0.8, 0.7, 0.2]),
        torch.tensor([0, 0, 1, 1]),
    )
    counts = confusion([found], [target], 2, 0.5)
    assert counts.tolist() == [[1, 0, 0], [1, 0, 1], [0, 1, 0]]


def test_detections_in_an_ignored_region_of_their_class_are_not_counted():
    target = {
        "boxes": torch.empty(0, 4),
        "labels": torch.empty(0, dtype=torch.long),
        "ignore": boxes([0, 0, 50, 50]),
        "ignore_labels": torch.tensor([1]),
    }
    found = Detections(
        boxes([0, 0, 10, 10], [0, 0, 10, 10], [45, 45, 60, 60]), torch.full((3,), 0.5), torch.tensor([1, 0, 1])
    )
    scores, correct, objects = score_detections([found], [target])
    assert (len(scores), int(correct.sum()), objects) == (2, 0, 0)
    assert confusion([found], [target], 2, 0.1)[2].tolist() == [1, 1, 0]


def test_all_orders_of_detections_give_the_same_counts():
    target = {"boxes": boxes([0, 0, 10, 10], [4, 0, 14, 10]), "labels": torch.tensor([0, 0])}
    found = [[1, 0, 11, 10, 0.9], [3, 0, 13, 10, 0.8], [0, 0, 10, 10, 0.7]]
    results = set()
    for order in itertools.permutations(found):
        rows = torch.tensor(order)
        _, correct, _ = score_detections(
            [Detections(rows[:, :4], rows[:, 4], torch.zeros(3, dtype=torch.long))], [target]
        )
        results.add(tuple(correct.tolist()))
    assert len(results) == 1
