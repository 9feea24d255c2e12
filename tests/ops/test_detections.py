import pytest
import torch
import torchvision

from zoo.ops import detections
from zoo.ops.detections import select


def dense(count, classes, seed):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 200
    boxes = torch.cat([corner, corner + 5 + torch.rand(count, 2, generator=generator) * 60], 1)
    return boxes, torch.rand(count, classes, generator=generator)


def full_nms(boxes, scores, min_score, iou, count):
    best, labels = scores.max(1)
    alive = best >= min_score
    kept = torchvision.ops.batched_nms(boxes[alive], best[alive], labels[alive], iou)[:count]
    return boxes[alive][kept], best[alive][kept], labels[alive][kept]


@pytest.mark.parametrize("count", [1, 10, 300, 3000])
@pytest.mark.parametrize("limit", [1, 20, 100_000])
def test_the_prefix_is_exact(count, limit):
    boxes, scores = dense(count, 3, count)
    found = select(boxes, scores, min_score=0.1, iou_threshold=0.5, max_detections=limit)
    expected = full_nms(boxes, scores, 0.1, 0.5, limit)
    for mine, theirs in zip(found, expected, strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("prefix", [1, 2, 7, 64])
def test_any_first_guess_gives_the_same_answer(monkeypatch, prefix):
    boxes, scores = dense(200, 2, 0)
    expected = select(boxes, scores, min_score=0.2, iou_threshold=0.3, max_detections=30)
    monkeypatch.setattr(detections, "PREFIX", prefix)
    found = select(boxes, scores, min_score=0.2, iou_threshold=0.3, max_detections=30)
    for mine, theirs in zip(found, expected, strict=True):
        assert torch.equal(mine, theirs)


def test_nothing_above_the_threshold_and_nothing_at_all():
    boxes, scores = dense(5, 3, 1)
    for b, s in ((boxes, scores * 0), (boxes[:0], scores[:0])):
        found = select(b, s, min_score=0.5, iou_threshold=0.5, max_detections=10)
        assert found.boxes.shape == (0, 4)
        assert len(found.scores) == len(found.labels) == 0


def test_boxes_and_scores_that_are_not_finite_are_discarded():
    boxes, scores = dense(4, 2, 2)
    boxes[0, 1], boxes[1, 2], scores[2] = float("nan"), float("inf"), float("nan")
    found = select(boxes, scores + 0.5, min_score=0.1, iou_threshold=0.5, max_detections=10)
    assert torch.equal(found.boxes, boxes[3:])


def test_empty_boxes_are_discarded():
    boxes, scores = dense(4, 2, 2)
    boxes[0, 2], boxes[1, 3], boxes[2] = boxes[0, 0], boxes[1, 1] - 1, 0
    found = select(boxes, scores, min_score=0.0, iou_threshold=0.5, max_detections=10)
    assert torch.equal(found.boxes, boxes[3:])


def test_soft_keeps_a_neighbor_with_a_lower_score():
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 8.0]])
    scores = torch.tensor([[0.9, 0.0], [0.8, 0.1]])
    hard = select(boxes, scores, min_score=0.05, iou_threshold=0.5, max_detections=5)
    soft = select(boxes, scores, min_score=0.05, iou_threshold=0.5, max_detections=5, soft_sigma=0.5)
    assert len(hard.scores) == 1
    torch.testing.assert_close(soft.scores, torch.tensor([0.9, 0.8 * torch.exp(torch.tensor(-1.28)).item()]))
