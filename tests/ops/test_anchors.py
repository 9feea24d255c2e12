import pytest
import torch

from zoo.ops.anchors import (
    YOLOV3,
    YOLOV3_TINY,
    anchor_fit,
    group_by_stride,
    kmeans,
    scale_anchors,
    select_anchors,
    shape_ratio,
)
from zoo.ops.iou import pairwise_shape_iou


def three_shapes(count=300):
    generator = torch.Generator().manual_seed(0)
    centers = torch.tensor([[10.0, 10.0], [20.0, 40.0], [80.0, 60.0]])
    noise = 1 + 0.1 * torch.randn(count, 2, generator=generator)
    return centers[torch.randint(0, 3, (count,), generator=generator)] * noise


def test_kmeans_finds_three_clusters():
    found = kmeans(three_shapes(), 3, seed=0)
    torch.testing.assert_close(found, torch.tensor([[10.0, 10.0], [20.0, 40.0], [80.0, 60.0]]), rtol=0.05, atol=0)


def test_kmeans_beats_random_shapes_and_one_more_center_does_not_hurt():
    generator = torch.Generator().manual_seed(1)
    sizes = 5 + 100 * torch.rand(400, 2, generator=generator)
    one_less, mine = kmeans(sizes, 5, seed=0), kmeans(sizes, 6, seed=0)
    for seed in range(20):
        drawn = sizes[torch.randperm(400, generator=torch.Generator().manual_seed(seed))[:6]]
        assert anchor_fit(sizes, mine).mean_iou > anchor_fit(sizes, drawn).mean_iou
    assert anchor_fit(sizes, mine).mean_iou >= anchor_fit(sizes, one_less).mean_iou


def test_kmeans_is_a_function_of_its_seed_and_sorted_by_area():
    sizes = three_shapes()
    assert torch.equal(kmeans(sizes, 4, seed=3), kmeans(sizes, 4, seed=3))
    assert kmeans(sizes, 4, seed=3).prod(1).diff().ge(0).all()


def test_kmeans_needs_as_many_distinct_sizes_as_anchors():
    with pytest.raises(ValueError, match=r"`k` \(=2\)"):
        kmeans(torch.ones(10, 2), 2, seed=0)


def test_fit_equals_its_definition():
    sizes, anchors = three_shapes(50), torch.tensor([[12.0, 12.0], [70.0, 70.0]])
    iou, inside = 0.0, 0
    for w, h in sizes.tolist():
        iou += max(float(pairwise_shape_iou(torch.tensor([[w, h]]), a[None])) for a in anchors)
        inside += any(max(w / a, a / w, h / b, b / h) < 2 for a, b in anchors.tolist())
    result = anchor_fit(sizes, anchors, ratio=2)
    assert result.mean_iou == pytest.approx(iou / 50, abs=1e-5)
    assert result.recall == pytest.approx(inside / 50)


def test_shape_ratio_is_symmetric():
    a, b = torch.tensor([[10.0, 20.0]]), torch.tensor([[20.0, 5.0]])
    assert shape_ratio(a, b).item() == shape_ratio(b, a).item() == 4.0


def test_defaults_stay_unless_the_gain_is_real():
    defaults = [[10.0, 10.0], [20.0, 40.0], [80.0, 60.0]]
    kept = select_anchors(three_shapes(), defaults, seed=0)
    assert (kept.source, kept.anchors) == ("default", defaults)
    changed = select_anchors(three_shapes() * 5, defaults, seed=0)
    assert changed.source == "k-means"
    assert changed.after.mean_iou > changed.before.mean_iou + 0.1


def test_the_fit_is_that_of_the_rounded_anchors_which_are_never_empty():
    sizes = torch.cat([0.04 + torch.rand(20, 2) / 1000, three_shapes() * 5])
    choice = select_anchors(sizes, [[10.0, 10.0], [20.0, 40.0], [80.0, 60.0]], seed=0)
    assert choice.source == "k-means"
    anchors = torch.tensor(choice.anchors)
    assert anchors.min() >= 0.1
    assert choice.after == anchor_fit(sizes, anchors)


def test_too_few_boxes_keep_the_defaults():
    assert select_anchors(torch.ones(4, 2), YOLOV3_TINY, seed=0).source == "default"
    assert select_anchors(torch.empty(0, 2), YOLOV3, seed=0).before.recall == 0


def test_largest_anchors_go_to_the_coarsest_stride():
    groups = group_by_stride(list(reversed(YOLOV3)), 3)
    assert groups[0].tolist() == YOLOV3[:3]
    assert groups[2].tolist() == YOLOV3[6:]
    with pytest.raises(ValueError, match="divide evenly"):
        group_by_stride(YOLOV3, 2)


def test_published_anchors_scale_with_the_image():
    assert scale_anchors([[10, 13]], 208) == [[5.0, 6.5]]
