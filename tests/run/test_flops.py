import pytest
import torch
from catalog_configs import small_catalog_run
from torch import nn

from zoo.losses.cross_entropy import CrossEntropy
from zoo.run.build import build_data, build_task
from zoo.run.create import catalog_config, create_model
from zoo.run.flops import count_flops, forward_flops
from zoo.tasks.classification import Classification


@pytest.mark.parametrize(
    ("name", "published"),  # multiply-adds in units of 1e9, as torchvision states them of its own networks
    [("resnet18", 1.814), ("resnet50", 4.089), ("resnet101", 7.801), ("vgg16", 15.47), ("alexnet", 0.714)],
)
def test_equals_the_published_multiply_adds(name, published):
    counted = count_flops(catalog_config(name)["network"], torch.empty(1, 3, 224, 224))
    assert counted / 2 == pytest.approx(published * 1e9, rel=1e-3)


def test_lenet_by_hand():
    convolutions = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150
    assert count_flops(catalog_config("lenet5")["network"], torch.empty(1, 1, 32, 32)) == 2 * (
        convolutions + 400 * 120 + 120 * 84 + 84 * 10
    )


@pytest.mark.parametrize(("cell", "gates"), [("gru", 3), ("lstm", 4)])
def test_a_recurrent_network_by_hand(cell, gates):
    network = {"_target_": "zoo.networks.recurrent.RecurrentForecaster", "cell": cell, "hidden_size": 16}
    assert count_flops(network, torch.empty(1, 8, 1)) == 2 * (8 * gates * 16 * (1 + 16) + 16)


@pytest.mark.parametrize("model", ["lenet5", "yolo", "landmarks", "siamese", "gru", "naive_last"])
def test_every_task_knows_what_a_sample_is(model):
    config = small_catalog_run(model)
    datamodule = build_data(config["data"])
    task = build_task(config["model"], datamodule.metadata(), datamodule.card())
    flops = forward_flops(task)
    assert flops is not None
    assert (flops > 0) is (model != "naive_last")


def test_nothing_is_said_where_nothing_is_known():
    by_hand = Classification(network=nn.Linear(1, 2), loss=CrossEntropy(), num_classes=2)
    assert forward_flops(by_hand) is None
    assert forward_flops(create_model("lenet5")) is None


def test_a_network_that_needs_real_numbers_is_left_uncounted():
    task = create_model("lenet5")
    task.card = {"preprocessing": {"size": 8, "channels": 3}}
    assert forward_flops(task) is None  # LeNet-5 of 32 pixels and one channel cannot take this
