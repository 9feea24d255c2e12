import pytest
import torch

from zoo.ops.anchors import YOLOV3, YOLOV3_TINY
from zoo.ops.boxes import convert
from zoo.ops.grid import activate, deactivate, decode, encode, to_pixels


@pytest.mark.parametrize("stride", [8, 32])
@pytest.mark.parametrize("anchors", [YOLOV3, YOLOV3_TINY])
def test_raw_values_and_cells_are_inverses(stride, anchors):
    shapes = torch.tensor(anchors, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    raw = 3 * torch.randn(50, len(shapes), 4, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(deactivate(activate(raw, shapes, stride), shapes, stride), raw)


def test_activation_as_published():
    cells = activate(torch.zeros(1, 4), torch.tensor([[10.0, 30.0]]), 20)
    assert cells.tolist() == [[0.5, 0.5, 1.5, 0.5]]  # the cell's middle, the anchor's height and width in cells
    extreme = activate(torch.full((1, 4), 100.0), torch.tensor([[10.0, 30.0]]), 20)
    assert extreme.tolist() == [[1.5, 1.5, 6.0, 2.0]]


@pytest.mark.parametrize("seed", range(20))
def test_encoded_boxes_come_back(seed):
    generator = torch.Generator().manual_seed(seed)
    anchors = torch.tensor([[20.0, 20.0], [60.0, 30.0], [30.0, 60.0]])
    cell = torch.randperm(35, generator=generator)[:6]
    center = torch.stack([cell % 7, cell // 7], 1) * 16 + 16 * torch.rand(6, 2, generator=generator)
    boxes = convert(torch.cat([center, 5 + 60 * torch.rand(6, 2, generator=generator)], 1), "cxcywh", "xyxy")
    labels = torch.randint(0, 4, (6,), generator=generator)
    target = encode(boxes, labels, anchors, stride=16, rows=5, columns=7, num_classes=4)
    row, column, anchor = torch.nonzero(target[..., 0], as_tuple=True)
    assert len(row) == 6
    found = target[row, column, anchor]
    assert ((found[:, 1:3] >= 0) & (found[:, 1:3] < 1)).all()
    back = to_pixels(found[:, 1:5], row, column, 16)
    order = (boxes[:, None] - back[None]).abs().amax(-1).argmin(1)
    torch.testing.assert_close(back[order], boxes)
    assert torch.equal(found[order, 5:].argmax(1), labels)


def test_a_raw_grid_made_from_targets_decodes_to_the_boxes():
    anchors = torch.tensor([[30.0, 30.0], [60.0, 60.0]])
    boxes = torch.tensor([[10.0, 20.0, 50.0, 50.0], [60.0, 40.0, 130.0, 120.0]])
    target = encode(boxes, torch.tensor([0, 2]), anchors, stride=32, rows=5, columns=5, num_classes=3)
    raw = torch.full_like(target, -20.0)
    place = torch.nonzero(target[..., 0], as_tuple=True)
    raw[place] = 40 * target[place] - 20
    raw[(*place, slice(1, 5))] = deactivate(target[place][:, 1:5], anchors[place[2]], 32)
    found = decode(raw[None], anchors, stride=32)
    best = found.objectness[0] > 0.5
    torch.testing.assert_close(found.boxes[0][best], boxes)
    assert found.classes[0][best].argmax(1).tolist() == [0, 2]


def test_a_center_on_the_far_border_belongs_to_the_last_cell():
    box = torch.tensor([[90.0, 80.0, 110.0, 120.0]])
    target = encode(box, torch.tensor([0]), torch.tensor([[20.0, 40.0]]), stride=25, rows=4, columns=4, num_classes=1)
    assert target[3, 3, 0].tolist() == pytest.approx([1, 1, 1, 1.6, 0.8, 1])


def test_a_center_beyond_the_border_belongs_to_the_nearest_cell():
    boxes = torch.tensor([[-60.0, 0.0, 20.0, 20.0], [50.0, -60.0, 70.0, 20.0], [110.0, 110.0, 130.0, 130.0]])
    y = encode(boxes, torch.zeros(3).long(), torch.ones(1, 2), stride=25, rows=4, columns=4, num_classes=1)
    assert torch.nonzero(y[..., 0]).tolist() == [[0, 0, 0], [0, 2, 0], [3, 3, 0]]


def test_no_objects_give_an_empty_grid():
    target = encode(
        torch.empty(0, 4),
        torch.empty(0, dtype=torch.long),
        torch.ones(2, 2),
        stride=8,
        rows=2,
        columns=3,
        num_classes=1,
    )
    assert target.shape == (2, 3, 2, 6)
    assert not target.any()


def test_half_precision_maps_decode_in_single_precision():
    found = decode(torch.zeros(1, 2, 2, 1, 6, dtype=torch.bfloat16), torch.tensor([[8.0, 8.0]]), stride=8)
    assert found.boxes.dtype == torch.float32
    assert found.boxes[0, 1, 1, 0].tolist() == [8, 8, 16, 16]
