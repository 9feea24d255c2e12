import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.data.landmarks.augmentation import PointAugmentation, apply, move, move_box, similarity, warp
from zoo.errors import ZooError

SIDE = 65
NUMBERS = st.floats(-1, 1)


def spots(points):
    """An image for each point, with a bright spot of a few pixels around it."""
    grid = (torch.arange(SIDE) + 0.5) / SIDE
    x, y = grid - points[:, :1], grid - points[:, 1:]
    return torch.exp(-(x[:, None, None, :] ** 2 + y[:, None, :, None] ** 2) / (2 * 0.03**2))


def centers(images):
    """The mean position of the brightness of each image, as fractions."""
    grid = (torch.arange(SIDE) + 0.5) / SIDE
    weights = images[:, 0] / images[:, 0].sum((1, 2), keepdim=True)
    return torch.stack([(weights.sum(1) * grid).sum(1), (weights.sum(2) * grid).sum(1)], 1)


@settings(max_examples=25, deadline=None)
@given(angle=NUMBERS, zoom=NUMBERS, dx=NUMBERS, dy=NUMBERS, x=NUMBERS, y=NUMBERS, mirrored=st.booleans())
def test_points_move_as_pixels(angle, zoom, dx, dy, x, y, mirrored):
    points = torch.tensor([[0.5 + 0.15 * x, 0.5 + 0.15 * y]])
    matrix = similarity(
        torch.tensor([3 * angle]),
        torch.tensor([1 + 0.3 * zoom]),
        torch.tensor([[0.1 * dx, 0.1 * dy]]),
        torch.tensor([mirrored]),
    )
    found = centers(warp(spots(points), matrix))
    torch.testing.assert_close(found, apply(matrix, points[None])[:, 0], atol=0.003, rtol=0)


def target(points, size=0.5):
    points = torch.tensor([points])
    return {"points": points, "visible": torch.ones(points.shape[:2], dtype=torch.bool), "size": torch.tensor([size])}


def test_a_mirrored_image_swaps_its_pairs_and_hides_points_outside():
    mirror = similarity(torch.zeros(1), torch.ones(1), torch.tensor([[0.25, 0.0]]), torch.tensor([True]))
    before = target([[0.25, 0.5], [0.75, 0.5], [0.1, 0.2]])
    before["visible"][0, 1] = False
    after = move(before, mirror, torch.tensor([True]), ((0, 1),))
    torch.testing.assert_close(after["points"], torch.tensor([[[0.5, 0.5], [1.0, 0.5], [1.15, 0.2]]]))
    assert after["visible"].tolist() == [[False, True, False]]
    double = similarity(torch.tensor([1.0]), torch.tensor([2.0]), torch.zeros(1, 2), torch.tensor([False]))
    assert float(move(before, double, torch.tensor([False]), ())["size"]) == pytest.approx(1.0)


def test_a_mirrored_box_is_a_box():
    mirror = similarity(torch.zeros(1), torch.ones(1), torch.zeros(1, 2), torch.tensor([True]))
    after = move_box(target([[0.1, 0.2], [0.4, 0.6]]), mirror)
    torch.testing.assert_close(after["points"], torch.tensor([[[0.6, 0.2], [0.9, 0.6]]]))
    assert float(after["size"]) == pytest.approx(0.12**0.5)


def test_without_pairs_no_image_is_mirrored():
    off = {"rotation": 0, "shift": 0, "scale": [1, 1], "flip": 1, "occlusion": 0, "color": 0}
    images = torch.rand(3, 3, 16, 16)
    before = {name: values.repeat(3, *[1] * (values.ndim - 1)) for name, values in target([[0.2, 0.5]]).items()}
    same, kept = PointAugmentation(**off)(images, before, None)
    torch.testing.assert_close(same, images, atol=1e-4, rtol=0)
    torch.testing.assert_close(kept["points"], before["points"])
    flipped, moved = PointAugmentation(**off)(images, before, ())
    torch.testing.assert_close(flipped, images.flip(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(moved["points"][:, 0, 0], torch.full((3,), 0.8))
    covered, _ = PointAugmentation(**off | {"flip": 0, "occlusion": 1, "color": 0.2})(images, before, None)
    assert not torch.equal(covered, images)
    assert covered.min() >= 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"rotation": 200}, "from 0 to 180"), ({"flip": 2}, "from 0 to 1"), ({"scale": [0, 1]}, "0 < low <= high")],
)
def test_wrong_strengths(changes, message):
    good = {"rotation": 0, "shift": 0, "scale": [1, 1], "flip": 0, "occlusion": 0, "color": 0}
    with pytest.raises(ZooError, match=message):
        PointAugmentation(**good | changes)
