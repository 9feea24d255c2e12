import math

import pytest
import torch

from zoo.data.landmarks.digit_corners import DigitCorners
from zoo.errors import ZooError
from zoo.losses.landmarks import LandmarkLoss
from zoo.networks.landmarks import LandmarkNetwork
from zoo.tasks.landmarks import Landmarks
from zoo.tasks.landmarks.metrics import PointErrors


def data(**changes):
    options = {"train_scenes": 40, "val_scenes": 8, "test_scenes": 8, "image_size": 64, "object_size": [20, 48]}
    return DigitCorners(**(options | {"batch_size": 8, "num_workers": 0, "seed": 0} | changes))


def loss():
    return LandmarkLoss(presence_weight=1.0, point_weight=2.0, classification_weight=3.0)


def test_corners_are_a_turned_rectangle_and_follow_the_seed():
    images, target = data().dataset("train")[torch.arange(40)]
    again = data().dataset("train")[torch.arange(40)]
    assert torch.equal(images, again[0])
    assert images.shape == (40, 3, 64, 64)
    assert 0.05 < (~target["present"]).float().mean() < 0.5
    for corners in target["points"][target["present"]]:
        a, b, c, d = corners
        torch.testing.assert_close(a + c, b + d, atol=1e-5, rtol=0)
        assert abs(float((b - a) @ (d - a))) < 1e-5  # a right angle
        assert (b - a)[0] > 0  # turned by less than 90°: the top edge still runs to the right
        assert (d - a)[1] > 0


def test_loss_by_hand_and_nothing_asked_where_nothing_is():
    output = torch.zeros(2, 1 + 8 + 10)
    output[0, 1:9] = torch.arange(8) / 10
    points = torch.zeros(2, 4, 2)
    value = loss()(output, torch.tensor([True, False]), points, torch.tensor([3, 5]))
    assert float(value) == pytest.approx(math.log(2) + 2 * (28 / 10 / 8) + 3 * math.log(10))
    output.requires_grad_()
    loss()(output, torch.tensor([True, False]), points, torch.tensor([3, 5])).backward()
    assert not output.grad[1, 1:].any()
    empty = loss()(output, torch.tensor([False, False]), points, torch.tensor([3, 5]))
    assert empty.item() == pytest.approx(math.log(2))


def test_errors_are_shares_of_the_object():
    metric = PointErrors()
    square = torch.tensor([[[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]]])
    metric.update(square + torch.tensor([0.03, 0.04]), square)
    metric.update(square + torch.tensor([0.0, 0.02]), square)
    values = metric.compute()
    assert float(values["nme"]) == pytest.approx((0.1 + 0.04) / 2, abs=1e-6)
    assert float(values["found"]) >= 0.5


def test_the_vector_is_read_as_the_notes_write_it():
    torch.manual_seed(0)
    network = LandmarkNetwork(num_points=4, num_classes=10, image_size=64)
    task = Landmarks(network=network, loss=loss(), num_points=4, num_classes=10).eval()
    images, target = data().normalize(data().dataset("train")[torch.arange(8)])
    found = task(images)
    raw = network(images)
    torch.testing.assert_close(found.presence, raw[:, 0].sigmoid())
    torch.testing.assert_close(found.points[:, 1, 0], raw[:, 3])
    torch.testing.assert_close(found.classes.sum(1), torch.ones(8))
    task.on_test_start()
    task.step((images, target), "test")
    torch.testing.assert_close(task.test_outputs(), found.points)


def test_wrong_sides_are_refused():
    with pytest.raises(ZooError, match=r"`data.object_size` \(=\[20, 65\]\)"):
        data(object_size=[20, 65])
