import pytest
from torch import nn

import zoo
from zoo.networks.heads import head_paths
from zoo.pretrained.finetune import stages_and_head


@pytest.mark.parametrize(
    ("model", "paths"),
    [
        ("resnet18", ("fc",)),
        ("googlenet", ("fc", "aux1.fc2", "aux2.fc2")),
        ("lenet5", ("classifier.5",)),
        ("yolo", ("branches.0.2", "branches.1.2")),
        ("siamese", ("backbone.head",)),
        ("gru", ("output",)),
        ("naive_last", ()),
    ],
)
def test_the_head_of_a_model(model, paths):
    assert head_paths(zoo.create_model(model).network) == paths


def test_a_network_without_linear_layers_ends_in_its_head():
    assert head_paths(nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Conv2d(1, 1, 1), nn.ReLU())) == ("2",)


def test_every_level_of_a_detector_belongs_to_the_head():
    network = zoo.create_model("yolo").network
    stages, head = stages_and_head(network)
    assert head == [branch[2] for branch in network.branches]
    assert not any(layer in head for stage in stages for layer in stage)
