import pytest
import torch
import torchvision

from zoo.losses.iou import BoxLoss
from zoo.ops.iou import overlap, pairwise_iou, pairwise_shape_iou

KINDS = ["iou", "giou", "diou", "ciou"]
ORACLES = {
    "iou": torchvision.ops.box_iou,
    "giou": torchvision.ops.generalized_box_iou,
    "diou": torchvision.ops.distance_box_iou,
    "ciou": torchvision.ops.complete_box_iou,
}
ODD = torch.tensor(
    [
        [0.0, 0.0, 0.0, 0.0],
        [3.0, 3.0, 3.0, 3.0],
        [3.0, 3.0, 3.0, 9.0],
        [5.0, 5.0, 1.0, 1.0],
        [0.0, 0.0, 1e20, 1e20],
        [-1e30, -1e30, 1e30, 1e30],
        [0.0, 0.0, 1e-20, 1e-20],
        [0.0, 0.0, 1.0, 1.0],
        [1.0, 0.0, 2.0, 1.0],
    ]
)


def random_boxes(count, seed, size=100.0):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * size
    return torch.cat([corner, corner + 1 + torch.rand(count, 2, generator=generator) * size], 1)


def test_the_course_example():
    value = pairwise_iou(torch.tensor([[2.0, 1.0, 4.0, 3.0]]), torch.tensor([[1.0, 2.0, 3.0, 4.0]]))
    assert value.item() == pytest.approx(1 / 7)


def test_pairwise_equals_torchvision():
    a, b = random_boxes(40, 0), random_boxes(30, 1)
    torch.testing.assert_close(pairwise_iou(a, b), torchvision.ops.box_iou(a, b))


def test_pairwise_equals_counting_of_cells():
    generator = torch.Generator().manual_seed(2)
    corner = torch.randint(0, 12, (40, 2), generator=generator)
    boxes = torch.cat([corner, corner + torch.randint(0, 9, (40, 2), generator=generator)], 1)
    masks = torch.zeros(40, 24, 24, dtype=torch.bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes.tolist(), strict=True):
        mask[y1:y2, x1:x2] = True
    both = (masks[:, None] & masks[None]).sum((-2, -1))
    either = (masks[:, None] | masks[None]).sum((-2, -1))
    torch.testing.assert_close(pairwise_iou(boxes, boxes), both / either.clamp(min=1))


@pytest.mark.parametrize("kind", KINDS)
def test_elementwise_equals_torchvision(kind):
    a, b = random_boxes(60, 3), random_boxes(60, 4)
    torch.testing.assert_close(overlap(a, b, kind), ORACLES[kind](a, b).diagonal(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "expected"), [("iou", 0.0), ("giou", -0.857143), ("diou", -0.532353), ("ciou", -0.534042)]
)
def test_values_of_two_disjoint_boxes(kind, expected):
    a, b = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[5.0, 5.0, 6.0, 7.0]])
    assert overlap(a, b, kind).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_boxes_overlap_fully(kind):
    boxes = random_boxes(20, 5)
    torch.testing.assert_close(overlap(boxes, boxes, kind), torch.ones(20))


@pytest.mark.parametrize("kind", KINDS)
def test_value_and_gradient_are_finite_on_degenerate_and_huge_boxes(kind):
    index = torch.cartesian_prod(torch.arange(len(ODD)), torch.arange(len(ODD)))
    a = ODD[index[:, 0]].clone().requires_grad_()
    value = overlap(a, ODD[index[:, 1]], kind)
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert a.grad is not None
    assert torch.isfinite(a.grad).all()
    assert torch.isfinite(pairwise_iou(ODD, ODD)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_equals_finite_differences(kind):
    a, b = random_boxes(6, 6).double().requires_grad_(), random_boxes(6, 7).double()
    weight = torch.rand(6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    if kind == "ciou":  # its weight α is a constant by definition, which finite differences do not know
        overlap(a, b, kind).sum().backward()
        assert a.grad is not None
        return
    assert torch.autograd.gradcheck(lambda x: overlap(x, b, kind) * weight, (a,))


def test_half_precision_does_not_overflow():
    box = torch.tensor([[0, 0, 300, 300]], dtype=torch.float16)
    assert pairwise_iou(box, box).item() == pytest.approx(1)


def test_empty_sets_keep_their_shape():
    assert pairwise_iou(torch.empty(0, 4), torch.ones(3, 4)).shape == (0, 3)
    assert overlap(torch.empty(0, 4), torch.empty(0, 4), "ciou").shape == (0,)


def test_shape_iou_ignores_the_place():
    shapes = torch.tensor([[10.0, 20.0], [20.0, 10.0]])
    torch.testing.assert_close(pairwise_shape_iou(shapes, shapes), torch.tensor([[1.0, 1 / 3], [1 / 3, 1.0]]))


def test_box_loss_equals_torchvision_and_is_zero_with_a_graph_for_no_boxes():
    a, b = random_boxes(10, 8).requires_grad_(), random_boxes(10, 9)
    expected = torchvision.ops.complete_box_iou_loss(a, b, reduction="mean")
    torch.testing.assert_close(BoxLoss()(a, b), expected)
    nothing = BoxLoss()(a[:0], b[:0])
    nothing.backward()
    assert nothing.item() == 0
    assert a.grad is not None
    assert not a.grad.any()
