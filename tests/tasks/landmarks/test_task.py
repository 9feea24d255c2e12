import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from zoo.data.landmarks.digit_corners import DigitCorners
from zoo.data.landmarks.tiles import tiles
from zoo.errors import ZooError
from zoo.losses.landmarks import HeatmapLoss, LandmarkLoss
from zoo.networks.landmarks import HeatmapNetwork, LandmarkNetwork, box_around
from zoo.networks.yolo import SmallDarknet
from zoo.ops.heatmaps import HeatmapOutput, jensen_shannon, soft_argmax, vector
from zoo.tasks.landmarks import Landmarks
from zoo.tasks.landmarks.export import PointsProgram
from zoo.tasks.landmarks.metrics import BoxErrors, PointErrors


def data(**changes):
    options = {"train_scenes": 40, "val_scenes": 8, "test_scenes": 8, "image_size": 64, "object_size": [20, 48]}
    common = {"batch_size": 8, "num_workers": 0, "seed": 0, "augmentation": None}
    return DigitCorners(**(options | common | changes))


def loss():
    return LandmarkLoss(presence_weight=1.0, point_weight=2.0, classification_weight=3.0)


def test_corners_are_a_turned_rectangle_and_follow_the_seed():
    images, target = data().dataset("train")[torch.arange(40)]
    again = data().dataset("train")[torch.tensor([39, 7])]  # a scene depends on its index alone
    assert torch.equal(images[[39, 7]], again[0])
    torch.testing.assert_close(target["points"][[39, 7]], again[1]["points"], atol=1e-6, rtol=0)
    assert images.shape == (40, 3, 64, 64)
    assert 0.05 < (~target["present"]).float().mean() < 0.5
    for corners in target["points"][target["present"]]:
        a, b, c, d = corners
        torch.testing.assert_close(a + c, b + d, atol=1e-5, rtol=0)
        assert abs(float((b - a) @ (d - a))) < 1e-5  # a right angle
        assert (b - a)[0] > 0  # turned by less than 90°: the top edge still runs to the right
        assert (d - a)[1] > 0
        assert corners.min() >= 0
        assert corners.max() <= 1


ALL = torch.ones(2, 4, dtype=torch.bool)
BOTH, FIRST, NONE = (torch.tensor(values) for values in ([True, True], [True, False], [False, False]))


def test_loss_by_hand_and_nothing_asked_where_nothing_is():
    output = torch.zeros(2, 1 + 8 + 10)
    output[0, 1:9] = torch.arange(8) / 10
    points, labels = torch.zeros(2, 4, 2), torch.tensor([3, 5])
    value = loss()(output, FIRST, points, ALL, labels)
    assert float(value) == pytest.approx(math.log(2) + 2 * (28 / 10 / 8) + 3 * math.log(10))
    hidden = ALL.clone()
    hidden[0, 1:] = False  # only the first point, at (0, 0.1)
    assert float(loss()(output, FIRST, points, hidden, labels) - value) == pytest.approx(2 * (0.1 / 2 - 28 / 10 / 8))
    output.requires_grad_()
    loss()(output, FIRST, points, ALL, labels).backward()
    assert not output.grad[1, 1:].any()
    empty = loss()(output, NONE, points, ALL, labels)
    assert empty.item() == pytest.approx(math.log(2))


def test_errors_by_hand():
    metric = PointErrors()
    square = torch.tensor([[[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]]])
    size, seen = torch.tensor([0.5]), torch.ones(1, 4, dtype=torch.bool)
    metric.update(square + torch.tensor([0.024, 0.032]), square, seen, size)  # 0.08 of the size
    metric.update(square + torch.tensor([0.0, 0.02]), square, seen, size)  # 0.04
    half = torch.tensor([[True, True, False, False]])
    metric.update(square + torch.tensor([[[0.0, 0.12], [0.0, 0.0], [9.0, 9.0], [9.0, 9.0]]]), square, half, size)
    values = {name: float(value) for name, value in metric.compute().items()}
    assert values["nme"] == pytest.approx((4 * 0.08 + 4 * 0.04 + 0.24) / 10, abs=1e-6)
    assert values["found_0.05"] == pytest.approx(5 / 10)
    assert values["failure_rate"] == pytest.approx(1 / 3)
    assert values["ced_auc"] == pytest.approx((0.2 + 0.6 + 0) / 3, abs=1e-5)


def test_a_box_is_localized_with_its_class():
    metric = BoxErrors()
    truth = torch.tensor([[[0.0, 0.0], [0.2, 0.2]]]).repeat(3, 1, 1)
    predicted = truth.clone()
    predicted[1, 1, 0] = 0.1  # half of the box
    predicted[2] += 0.2  # beside it
    metric.update(predicted, truth, torch.tensor([4, 4, 4]), torch.tensor([4, 5, 4]))
    values = {name: float(value) for name, value in metric.compute().items()}
    assert values == pytest.approx({"iou": 0.5, "iou_50": 2 / 3, "top1_error": 2 / 3}, abs=1e-5)


@pytest.mark.parametrize("kind", [LandmarkNetwork, HeatmapNetwork])
def test_the_vector_is_read_as_the_notes_write_it(kind):
    torch.manual_seed(0)
    network = kind(backbone=SmallDarknet(widths=(8, 16, 16), depths=(0, 0, 0)), num_points=4, num_classes=10)
    task = Landmarks(network=network, loss=loss(), num_points=4, num_classes=10).eval()
    images, target = data().normalize(data().dataset("train")[torch.arange(8)])
    found = task(images)
    raw = vector(network(images))
    torch.testing.assert_close(found.presence, raw[:, 0].sigmoid())
    torch.testing.assert_close(found.points[:, 1, 0], raw[:, 3])
    torch.testing.assert_close(found.classes.sum(1), torch.ones(8))
    task.on_test_start()
    task.step((images, target), "test")
    for values, kept in zip(found, task.test_outputs(), strict=True):
        torch.testing.assert_close(values, kept)


def test_the_class_is_read_from_a_crop_around_the_points():
    points = torch.tensor([[[0.2, 0.3], [0.6, 0.5]], [[0.5, 0.5], [0.5, 0.5]]])
    center, sides, direction = box_around(points)
    torch.testing.assert_close(center, torch.tensor([[0.4, 0.4], [0.5, 0.5]]))
    torch.testing.assert_close(sides, torch.tensor([[1.1 * 0.4, 1.1 * 0.2], [0.15, 0.15]]))  # not nothing
    torch.testing.assert_close(direction, torch.tensor([[1.0, 0.0]]).expand(2, 2))
    network = HeatmapNetwork(backbone=SmallDarknet(widths=(8, 16, 16), depths=(0, 0, 0)), crop_size=8).eval()
    torch.nn.init.constant_(network.heat.weight, 0)  # all points in the middle, so that the crop is there
    images = torch.rand(2, 3, 64, 64)
    images[1, :, 20:44, 20:44] = images[0, :, 20:44, 20:44]
    logits = network(images).logits
    torch.testing.assert_close(logits[0, 9:], logits[1, 9:])  # classes
    assert logits[0, 0] != logits[1, 0]  # presence looks at the whole image too
    with pytest.raises(ZooError, match=r"`crop_size` \(=6\) must be 0 or a multiple of 4"):
        HeatmapNetwork(backbone=SmallDarknet(), crop_size=6)


def test_a_crop_is_turned_with_its_points():
    corners = torch.tensor([[-0.1, -0.2], [0.1, -0.2], [0.1, 0.2], [-0.1, 0.2]])
    angle = torch.tensor(0.5)
    turn = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    points = torch.stack([0.4 + corners @ turn.T, torch.full((4, 2), 0.3)])
    center, sides, direction = box_around(points, [(0, 1), (3, 2)])
    torch.testing.assert_close(center, torch.tensor([[0.4, 0.4], [0.3, 0.3]]))
    torch.testing.assert_close(sides, torch.tensor([[1.1 * 0.2, 1.1 * 0.4], [0.15, 0.15]]))
    torch.testing.assert_close(direction, torch.stack([turn[:, 0], torch.tensor([1.0, 0.0])]))


@pytest.mark.slow
def test_an_exported_program_takes_any_batch():
    network = HeatmapNetwork(
        backbone=SmallDarknet(widths=(8, 8), depths=(0, 0)), num_classes=3, crop_size=8, level=[[0, 1]]
    )
    task = Landmarks(network=network, loss=loss(), num_points=4, num_classes=3).eval()
    shape = {0: torch.export.Dim("batch", min=1)}
    images = torch.rand(5, 3, 16, 16)
    exported = torch.export.export(PointsProgram(task), (images[:3],), dynamic_shapes=(shape,)).module()
    with torch.no_grad():
        expected = task(images)
    for found, value in zip(exported(images), (expected[0], expected[1] * 16, expected[2]), strict=True):
        torch.testing.assert_close(found, value)


def test_heat_maps_learn_their_points():
    torch.manual_seed(0)
    heatmaps = torch.randn(2, 4, 8, 8, requires_grad=True)
    points = 0.2 + 0.6 * torch.rand(2, 4, 2)
    criterion = HeatmapLoss(
        presence_weight=0.0, point_weight=1.0, classification_weight=0.0, heatmap_weight=1.0, sigma=1.0
    )
    optimizer = torch.optim.Adam([heatmaps], 0.3)
    for _ in range(80):
        optimizer.zero_grad()
        logits = torch.cat([torch.zeros(2, 1), soft_argmax(heatmaps).flatten(1), torch.zeros(2, 10)], 1)
        value = criterion(HeatmapOutput(logits, heatmaps), BOTH, points, ALL, torch.tensor([3, 5]))
        value.backward()
        optimizer.step()
    torch.testing.assert_close(soft_argmax(heatmaps), points, atol=0.01, rtol=0)
    assert jensen_shannon(heatmaps, points, sigma=1.0).max() < 0.01


def test_jensen_shannon_by_numpy():
    heatmaps, points = torch.randn(1, 1, 5, 6), torch.tensor([[[0.3, 0.7]]])
    y, x = np.mgrid[0:5, 0:6] + 0.5
    goal = np.exp(-((x - 0.3 * 6) ** 2 + (y - 0.7 * 5) ** 2) / (2 * 1.5**2)).ravel()
    expected = jensenshannon(goal, torch.softmax(heatmaps.flatten(), 0).numpy()) ** 2
    assert float(jensen_shannon(heatmaps, points, sigma=1.5)) == pytest.approx(expected, abs=1e-6)


def test_wrong_sides_are_refused():
    with pytest.raises(ZooError, match=r"`data.object_size` \(=\[20, 65\]\)"):
        data(object_size=[20, 65])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points_are_box": True}, r"`points_are_box` \(=true\) needs two points, and there are 4"),
        ({"sigmas": [0.1]}, r"`sigmas` \(=\[0.1\]\) must have a number for each of 4 points"),
    ],
)
def test_points_and_their_options_agree(changes, message):
    with pytest.raises(ZooError, match=message):
        Landmarks(network=torch.nn.Identity(), loss=loss(), num_points=4, num_classes=10, **changes)


def test_splits_share_no_digit_and_no_background():
    parts = {split: tiles(split) for split in ("train", "val", "test")}
    numbers = [set(part.numbers.tolist()) for part in parts.values()]
    images = [{tile.numpy().tobytes() for tile in part.tiles} for part in parts.values()]
    for sets in (numbers, images):
        assert sum(map(len, sets)) == len(set.union(*sets))
    assert {part.tiles.shape[1:] for part in parts.values()} == {(3, 53, 53)}
    assert sum(len(part.tiles) for part in parts.values()) == 2 * 8 * 12


def test_the_ink_of_a_scene_lies_in_its_frame():
    dataset = data().dataset("train")
    indices = torch.arange(40)
    below = dataset._background(dataset._draw(indices))
    images, target = dataset[indices]
    changed = (images.float() / 255 - below).abs().amax(1) > 0.2
    assert not changed[~target["present"]].any()
    for where, corners in zip(changed[target["present"]], target["points"][target["present"]] * 64, strict=True):
        pixels = where.nonzero().flip(1).float() + 0.5
        assert len(pixels) > 20
        for start, end in zip(corners, corners.roll(-1, 0), strict=True):  # clockwise: inside is to the right
            edge = end - start
            away = (edge[0] * (pixels - start)[:, 1] - edge[1] * (pixels - start)[:, 0]) / edge.norm()
            assert float(away.min()) > -1
