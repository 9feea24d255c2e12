"""A network with the weights of a checkpoint has the options that the checkpoint was trained with."""

import re

import pytest
import torch
from small_runs import configuration

import zoo
from zoo.errors import ZooError
from zoo.pretrained.catalog import Source, resolve_weights
from zoo.pretrained.sizes import describe_options, with_sizes
from zoo.run.run import new_run
from zoo.weights import shipped

MNIST = {"activation": "relu", "pooling": "max"}


def source(**options):
    network = zoo.create_network("lenet5", **{name: options[name] for name in MNIST if name in options})
    target = "zoo.networks.lenet.LeNet5"
    return Source(
        label="net.ckpt",
        state=network.state_dict(),
        class_names=None,
        preprocessing=None,
        options={target: options},
    )


SIZES = {  # of the weights, where small runs have others
    "bert_tiny": ["model.network.num_layers=2"],
    "matrix_factorization": ["data.num_ratings=300000", "seed=10"],
}


def lenet5(**options):
    return {"network": {"_target_": "zoo.networks.lenet.LeNet5", **options}}


@pytest.mark.parametrize("name", shipped())
def test_weights_by_name_give_the_network_that_was_trained(name):
    model, _, weights = name.partition("/")
    known = {key: zoo.load(name).config["network"].get(key) for key in ("horizon", "context")}
    task = zoo.create_model(model, pretrained=weights, **{key: value for key, value in known.items() if value})
    trained = zoo.load(name)
    torch.manual_seed(0)
    torch.testing.assert_close(task.network.state_dict(), trained.network.state_dict(), rtol=0, atol=0)
    examples = trained.example_inputs(2) or ()  # ratings have none: their network looks rows up
    inputs = [torch.rand(each.shape) if each.is_floating_point() else each for each in examples]
    if not inputs:
        return
    with torch.inference_mode():
        ours, theirs = task.eval().network(*inputs), trained.network(*inputs)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_what_the_configuration_leaves_out_is_that_of_the_weights_and_said():
    completed = with_sizes(lenet5(pooling="average"), source(**MNIST, num_classes=10), {"num_classes": 7})
    assert completed == lenet5(pooling="average", activation="relu")
    lines = describe_options(lenet5(pooling="average"), source(**MNIST, num_classes=10), {"num_classes": 7})
    assert lines == [
        "network as in net.ckpt: activation relu",
        "network other than in net.ckpt: pooling average (max in training)",
    ]
    assert describe_options(lenet5(**MNIST), source(**MNIST), {}) == []


def test_a_backbone_has_the_options_of_the_classifier_whose_weights_it_takes(tmp_path):
    part = {"_target_": "zoo.networks.resnet.ResNet", "layers": [1, 1, 1, 1], "block": "basic", "features": ["layer4"]}
    state = zoo.create_network("resnet18", layers=[1, 1, 1, 1]).state_dict()
    trained = Source(
        label="a", state=state, class_names=None, preprocessing=None, options={part["_target_"]: {"stride_on": "1x1"}}
    )
    config = {"network": {"_target_": "zoo.networks.yolo.YOLO", "backbone": part}}
    assert with_sizes(config, trained)["network"]["backbone"]["stride_on"] == "1x1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 100_000}, "net.ckpt describes a network of .* parameters and holds 61,706"),
        ({"activation": "gelu!"}, "the options of net.ckpt build no network|activation"),
        ({"num_classes": "many"}, "num_classes"),
    ],
)
def test_the_options_of_an_edited_file_are_one_line(options, message):
    with pytest.raises(ZooError, match=message) as error:
        with_sizes(lenet5(), source(**options))
    assert "\n" not in str(error.value)


def test_nothing_that_would_be_built_is_taken_from_a_file():
    found = resolve_weights("digits", model="siamese").options
    assert re.fullmatch(r"zoo\.networks\.\w+\.\w+", next(iter(found)))
    assert not any(isinstance(value, dict) for options in found.values() for value in options.values())


@pytest.mark.parametrize("name", shipped())
def test_a_training_starts_from_weights_by_name(name, tmp_path):
    model, _, weights = name.partition("/")
    words = [f"data={weights}"] if model == "gru_small" else SIZES.get(model, [])
    run = new_run(configuration(model, f"pretrained={weights}", *words), tmp_path, model=model, data="its data")
    assert any(line.startswith("loaded: ") for line in run.weights_report)
    trained, ours = zoo.load(name).network.state_dict(), run.task.network.state_dict()
    same = [key for key, value in trained.items() if torch.equal(ours[key], value)]
    assert len(same) >= len(trained) - 5, set(trained) - set(same)  # the head has other classes, anchors are the data's
