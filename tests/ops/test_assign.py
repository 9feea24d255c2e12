import pytest
import torch

from zoo.ops.assign import assign_by_shape


def brute_force(boxes, images, anchors, stride, rows, columns, ratio):
    found = set()
    for n, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
        x, y = (x1 + x2) / 2 / stride, (y1 + y2) / 2 / stride
        column, row = min(int(x), columns - 1), min(int(y), rows - 1)
        cells = {(row, column)}
        cells.add((row, column - 1) if x - column < 0.5 else (row, column + 1))
        cells.add((row - 1, column) if y - row < 0.5 else (row + 1, column))
        for a, (w, h) in enumerate(anchors.tolist()):
            if max((x2 - x1) / w, w / (x2 - x1), (y2 - y1) / h, h / (y2 - y1)) < ratio:
                found |= {(int(images[n]), r, c, a, n) for r, c in cells if 0 <= r < rows and 0 <= c < columns}
    return found


@pytest.mark.parametrize("seed", range(20))
def test_matches_equal_brute_force(seed):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(12, 2, generator=generator) * 70
    boxes = torch.cat([corner, corner + 2 + torch.rand(12, 2, generator=generator) * 60], 1).clamp(max=80)
    images = torch.randint(0, 3, (12,), generator=generator)
    anchors = torch.tensor([[8.0, 8.0], [20.0, 30.0], [50.0, 40.0]])
    match = assign_by_shape(boxes, images, anchors, stride=16, rows=5, columns=5, ratio=2.5)
    found = list(zip(*(part.tolist() for part in match), strict=True))
    assert len(found) == len(set(found))
    assert set(found) == brute_force(boxes, images, anchors, 16, 5, 5, 2.5)


def test_no_objects_and_objects_like_no_anchor():
    anchors = torch.tensor([[8.0, 8.0]])
    nothing = assign_by_shape(torch.empty(0, 4), torch.empty(0).long(), anchors, stride=8, rows=4, columns=4, ratio=4)
    assert nothing.row.shape == (0,)
    large = assign_by_shape(
        torch.tensor([[0.0, 0.0, 32.0, 32.0]]), torch.tensor([0]), anchors, stride=8, rows=4, columns=4, ratio=4
    )
    assert large.row.shape == (0,)
    flat = assign_by_shape(
        torch.tensor([[0.0, 3.0, 8.0, 3.0]]), torch.tensor([0]), anchors, stride=8, rows=4, columns=4, ratio=4
    )
    assert flat.row.shape == (0,)
