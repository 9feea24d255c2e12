import torch

from zoo.networks.convolutional import to_convolutional
from zoo.networks.lenet import LeNet5
from zoo.tasks.detection.baselines import slide


def test_an_anchor_far_larger_than_the_image_is_left_out():
    torch.manual_seed(0)
    network = LeNet5(num_classes=3, in_channels=3, image_size=32, activation="relu", pooling="max")
    slider = to_convolutional(network.eval(), in_channels=3, image_size=32)
    image = torch.rand(1, 3, 64, 64)
    alone, both = (
        slide(slider, image, torch.tensor(anchors)) for anchors in ([[20.0, 20.0]], [[20.0, 20.0], [5e3, 5e3]])
    )
    assert len(alone.boxes) > 0
    assert torch.equal(alone.boxes, both.boxes)
