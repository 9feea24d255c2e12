import pytest
import torch

from zoo.errors import ZooError
from zoo.networks.lenet import LeNet5


def count(network):
    return [sum(p.numel() for p in layer.parameters()) for layer in network.modules() if hasattr(layer, "weight")]


def test_parameters_of_each_layer_are_the_published_ones():
    assert count(LeNet5()) == [156, 2_416, 48_120, 10_164, 850]
    assert sum(count(LeNet5())) == 61_706


@pytest.mark.parametrize(("settings", "parameters"), [({"image_size": 28}, 44_426), ({"in_channels": 3}, 62_006)])
def test_parameters_of_variants(settings, parameters):
    assert sum(count(LeNet5(**settings))) == parameters


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("size", [16, 32, 33, 64])
def test_any_size_down_to_the_least(activation, pooling, size):
    network = LeNet5(image_size=size, activation=activation, pooling=pooling, num_classes=3)
    assert network(torch.zeros(2, 1, size, size)).shape == (2, 3)


def test_the_output_is_logits():
    assert (LeNet5()(torch.randn(8, 1, 32, 32)) < 0).any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"activation": "sigmoid"}, r"`activation` \(=sigmoid\) must be one of: tanh, relu"),
        ({"pooling": "min"}, r"`pooling` \(=min\) must be one of: average, max"),
        ({"image_size": 15}, r"`image_size` \(=15\) is too small for LeNet-5: at least 16"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ZooError, match=message):
        LeNet5(**settings)
