import pytest
import torch
import torchvision

from zoo.ops.nms import classwise_nms, nms, soft_nms


def scene(count, seed, classes=3):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 60
    boxes = torch.cat([corner, corner + 5 + torch.rand(count, 2, generator=generator) * 30], 1)
    scores = (torch.rand(count, generator=generator) * 20).round() / 20  # with ties
    return boxes, scores, torch.randint(0, classes, (count,), generator=generator)


def loop_nms(boxes, scores, threshold):
    """The notes' loop, word for word, over Python numbers."""
    order = sorted(range(len(scores)), key=lambda i: (-float(scores[i]), i))
    kept = []
    for i in order:
        iou = torchvision.ops.box_iou(boxes[i][None], boxes[kept])[0] if kept else torch.empty(0)
        if not (iou >= threshold).any():
            kept.append(i)
    return kept


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("threshold", [0.3, 0.5])
def test_both_kernels_equal_the_loop(seed, threshold):
    boxes, scores, _ = scene(30, seed)
    expected = loop_nms(boxes, scores, threshold)
    assert nms(boxes, scores, threshold).tolist() == expected
    assert nms(boxes, scores, threshold, "plain").tolist() == expected


@pytest.mark.parametrize("kernel", ["compiled", "plain"])
def test_an_overlap_of_exactly_the_threshold_is_dropped(kernel):
    boxes, scores = torch.tensor([[0.0, 0.0, 2.0, 1.0], [0.0, 0.0, 1.0, 1.0]]), torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.5, kernel).tolist() == [0]
    assert nms(boxes, scores, 0.5001, kernel).tolist() == [0, 1]
    assert torchvision.ops.nms(boxes, scores, 0.5).tolist() == [0, 1]  # why the threshold is moved


@pytest.mark.parametrize("kernel", ["compiled", "plain"])
@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.6, 0.7, 1.0])
def test_thresholds_that_floats_cannot_hold(kernel, threshold):
    boxes, scores, _ = scene(25, 99)
    assert nms(boxes, scores, threshold, kernel).tolist() == loop_nms(boxes, scores, torch.tensor(threshold))


@pytest.mark.parametrize("kernel", ["compiled", "plain"])
def test_no_boxes_equal_boxes_and_half_precision(kernel):
    assert nms(torch.empty(0, 4), torch.empty(0), 0.5, kernel).tolist() == []
    same = torch.tensor([[0.0, 0.0, 300.0, 300.0]]).expand(5, 4)
    assert nms(same.half(), torch.full((5,), 0.5).half(), 0.5, kernel).tolist() == [0]


@pytest.mark.parametrize("seed", range(10))
def test_classwise_equals_torchvision(seed):
    boxes, _, labels = scene(80, seed)
    scores = torch.rand(80, generator=torch.Generator().manual_seed(seed))
    expected = torchvision.ops.batched_nms(boxes, scores, labels, 0.4)
    assert classwise_nms(boxes, scores, labels, 0.4).tolist() == expected.tolist()


def test_classes_do_not_suppress_each_other():
    boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0]]).expand(2, 4)
    assert classwise_nms(boxes, torch.tensor([0.5, 0.5]), torch.tensor([1, 0]), 0.5).tolist() == [0, 1]


def test_soft_nms_equals_its_definition():
    boxes, scores, _ = scene(20, 5)
    left, current, expected = list(range(20)), scores.clone(), []
    while left:
        best = max(left, key=lambda i: (float(current[i]), -i))
        expected.append((best, float(current[best])))
        left.remove(best)
        for i in left:
            iou = torchvision.ops.box_iou(boxes[best][None], boxes[i][None]).item()
            current[i] *= torch.exp(torch.tensor(-(iou**2) / 0.5))
        left = [i for i in left if current[i] >= 0.2]
    expected = [(i, s) for i, s in expected if s >= 0.2]
    result = soft_nms(boxes, scores, sigma=0.5, min_score=0.2)
    assert result.kept.tolist() == [i for i, _ in expected]
    torch.testing.assert_close(result.scores, torch.tensor([s for _, s in expected]))
