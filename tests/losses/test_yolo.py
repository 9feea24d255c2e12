import pytest
import torch
import torchvision
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.losses.assigners import Assigner, ShapeRatio
from zoo.losses.focal import focal_bce
from zoo.losses.yolo import YoloLoss
from zoo.ops.assign import Matches, assign_by_shape
from zoo.ops.grid import decode

ANCHORS = torch.tensor([[[10.0, 10.0], [20.0, 14.0]], [[30.0, 30.0], [40.0, 50.0]]])
STRIDES = [8, 16]


def make_loss(**changes):
    options = {
        "objectness_weight": 2.0,
        "box_weight": 3.0,
        "classification_weight": 5.0,
        "assigner": ShapeRatio(max_ratio=4.0),
        "gamma": 0.0,
        "class_weights": None,
    }
    return YoloLoss(**(options | changes))


def batch(seed=0, classes=3):
    generator = torch.Generator().manual_seed(seed)
    grids = tuple(
        torch.randn(2, 64 // stride, 64 // stride, 2, 5 + classes, generator=generator).requires_grad_()
        for stride in STRIDES
    )
    targets = [
        {"boxes": torch.tensor([[5.0, 5.0, 17.0, 20.0], [20.0, 20.0, 60.0, 55.0]]), "labels": torch.tensor([0, 2])},
        {"boxes": torch.empty(0, 4), "labels": torch.empty(0, dtype=torch.long)},
    ]
    return grids, targets


def by_hand(grids, targets):
    """The same sums over single predictions."""
    objectness, boxes, classes = [], [], []
    for grid, anchors, stride in zip(grids, ANCHORS, STRIDES, strict=True):
        found = decode(grid, anchors, stride=stride).boxes
        iou_target = torch.zeros(grid.shape[:-1])
        for i, target in enumerate(targets):
            for box, label in zip(target["boxes"], target["labels"], strict=True):
                rows, columns = grid.shape[1:3]
                match = assign_by_shape(
                    box[None], torch.tensor([i]), anchors, stride=stride, rows=rows, columns=columns, ratio=4.0
                )
                for _, r, c, a, _ in zip(*(part.tolist() for part in match), strict=True):
                    iou = torchvision.ops.box_iou(found[i, r, c, a][None].detach(), box[None]).item()
                    iou_target[i, r, c, a] = max(float(iou_target[i, r, c, a]), iou)
                    boxes.append(torchvision.ops.complete_box_iou_loss(found[i, r, c, a], box))
                    one_hot = F.one_hot(label, 3).float()
                    classes.append(F.binary_cross_entropy_with_logits(grid[i, r, c, a, 5:], one_hot))
        objectness.append(F.binary_cross_entropy_with_logits(grid[..., 0], iou_target, reduction="none").flatten())
    return torch.cat(objectness).mean(), torch.stack(boxes).mean(), torch.stack(classes).mean()


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_equals_a_sum_by_hand(seed):
    grids, targets = batch(seed)
    losses = make_loss()(grids, targets, ANCHORS, STRIDES)
    for mine, theirs in zip(losses[1:], by_hand(grids, targets), strict=True):
        torch.testing.assert_close(mine, theirs)
    torch.testing.assert_close(losses.total, 2 * losses.objectness + 3 * losses.box + 5 * losses.classes)


def test_a_batch_without_objects_trains_objectness_only():
    grids, targets = batch()
    losses = make_loss()(grids, [targets[1], targets[1]], ANCHORS, STRIDES)
    losses.total.backward()
    assert losses.box.item() == losses.classes.item() == 0
    for grid in grids:
        assert torch.isfinite(grid.grad).all()
        assert grid.grad[..., 0].all()
        assert not grid.grad[..., 1:].any()


def test_an_ignored_region_counts_for_matches_alone():
    grids, targets = batch()
    everything = torch.tensor([[-500.0, -500.0, 600.0, 600.0]])
    targets = [target | {"ignore": everything} for target in targets]
    losses = make_loss()(grids, targets, ANCHORS, STRIDES)
    losses.objectness.backward()
    count = sum(
        int(
            assign_by_shape(
                targets[0]["boxes"], torch.zeros(2).long(), a, stride=s, rows=64 // s, columns=64 // s, ratio=4.0
            ).row.numel()
        )
        for a, s in zip(ANCHORS, STRIDES, strict=True)
    )
    touched = sum(int((grid.grad[..., 0] != 0).sum()) for grid in grids)
    assert 0 < touched <= count
    nowhere = make_loss()(grids, [t | {"ignore": torch.empty(0, 4)} for t in targets], ANCHORS, STRIDES)
    torch.testing.assert_close(nowhere.objectness, by_hand(grids, targets)[0])


def test_class_weights_and_focal_exponent():
    grids, targets = batch()
    plain = make_loss()(grids, targets, ANCHORS, STRIDES)
    doubled = make_loss(class_weights=[2.0, 2.0, 2.0])(grids, targets, ANCHORS, STRIDES)
    torch.testing.assert_close(doubled.classes, 2 * plain.classes)
    focal = make_loss(gamma=2.0)(grids, targets, ANCHORS, STRIDES)
    assert focal.objectness < plain.objectness


def test_focal_equals_torchvision_without_alpha():
    logits, targets = torch.randn(50, generator=torch.Generator().manual_seed(0)), (torch.arange(50) % 2).float()
    expected = torchvision.ops.sigmoid_focal_loss(logits, targets, alpha=-1, gamma=1.5)
    torch.testing.assert_close(focal_bce(logits, targets, 1.5), expected)


def test_half_precision_grids_give_a_finite_loss():
    grids, targets = batch()
    losses = make_loss()(tuple(g.detach().half() for g in grids), targets, ANCHORS, STRIDES)
    assert losses.total.dtype == torch.float32
    assert torch.isfinite(losses.total)


def test_a_ratio_beyond_decoded_boxes_is_rejected():
    with pytest.raises(ZooError, match=r"`max_ratio` \(=5"):
        ShapeRatio(max_ratio=5.0)


class MostCertain(Assigner):
    """Assigns each object to the prediction of its image with the highest objectness, on one level."""

    def forward(self, grids, objects, anchors, strides):
        claims = [grid[..., 0].detach().flatten(1) for grid in grids]
        level = max(range(len(grids)), key=lambda i: claims[i].max().item())
        columns, per_cell = grids[level].shape[2:4]
        best = claims[level].argmax(1)[objects.images]
        row, column, anchor = best // (columns * per_cell), best // per_cell % columns, best % per_cell
        matches = Matches(objects.images, row, column, anchor, torch.arange(len(objects.images)))
        return [matches if i == level else Matches(*(part[:0] for part in matches)) for i in range(len(grids))]


def test_a_custom_assigner_gets_predictions_and_objects():
    grids, targets = batch()
    grids[1].data[0, 2, 1, 1, 0] = 50.0
    losses = make_loss(assigner=MostCertain())(grids, targets, ANCHORS, STRIDES)
    losses.classes.backward()
    assert grids[0].grad is None or not grids[0].grad.any()
    assert grids[1].grad.nonzero()[:, :4].unique(dim=0).tolist() == [[0, 2, 1, 1]]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("box_iou", "siou", r"`box_iou` \(=siou\) must be one of: iou, giou, diou, ciou"),
        ("gamma", -2.0, r"`gamma` \(=-2.0\) must be at least 0"),
        ("class_weights", [1.0, -1.0, 1.0], r"`class_weights` \(=\[1.0, -1.0, 1.0\]\) must be at least 0"),
        ("class_weights", [3.0], r"`class_weights` \(=\[3.0\]\) must have one number for each of the 3 classes"),
        ("class_weights", [1.0, 2.0], r"`class_weights` \(=\[1.0, 2.0\]\) must have one number for each of the 3"),
    ],
)
def test_an_invalid_option_is_rejected(option, value, message):
    grids, targets = batch()
    with pytest.raises(ZooError, match=message):
        make_loss(**{option: value})(grids, targets, ANCHORS, STRIDES)


def test_permuted_grids_as_the_network_gives_them():
    grids, targets = batch()
    stored = tuple(g.contiguous().permute(0, 3, 4, 1, 2).contiguous().permute(0, 3, 4, 1, 2) for g in grids)
    assert not stored[0].is_contiguous()
    expected = make_loss()(grids, targets, ANCHORS, STRIDES)
    torch.testing.assert_close(make_loss()(stored, targets, ANCHORS, STRIDES).total, expected.total)
