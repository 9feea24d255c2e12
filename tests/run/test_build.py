import shutil
import sys

import pytest
import torch

from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.run.build import attach_optimizer, build_callbacks, build_data, build_task, frozen_inference, prepare_network
from zoo.run.create import create_model


def test_the_network_is_told_what_the_data_is():
    config = to_dict(compose(["data.image_size=20", "data.channels=3"]))
    datamodule = build_data(config["data"])
    task = build_task(config["model"], datamodule.metadata(), datamodule.card())
    assert task.config["network"] | {"num_classes": 10, "in_channels": 3, "image_size": 20} == task.config["network"]
    assert task.network.features[0].in_channels == 3
    assert task.card["class_names"] == [str(digit) for digit in range(10)]


def test_create_model_takes_the_networks_own_defaults():
    model = create_model("lenet5")
    assert sum(parameter.numel() for parameter in model.parameters()) == 61_706
    assert model.training  # as torchvision and timm


def test_create_model_names_what_does_not_exist():
    with pytest.raises(ZooError, match="unknown model `lenet`: did you mean `lenet5`"):
        create_model("lenet")
    with pytest.raises(ZooError, match="unknown argument `classes`: did you mean `num_classes`"):
        create_model("lenet5", classes=3)
    with pytest.raises(ZooError) as refused:
        create_model("bert_tiny", widht=3)
    assert not {"args", "kwargs"} & set(str(refused.value).replace(",", "").split())


def test_a_task_without_optimizer_says_so():
    model = create_model("lenet5")
    model.optimizer_factory = None
    with pytest.raises(ZooError, match="this model has no optimizer"):
        model.configure_optimizers()


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("scheduler", ["constant", "cosine", "one_cycle", "plateau", "step"])
def test_every_optimizer_and_schedule_is_built(optimizer, scheduler):
    config = to_dict(compose([f"optimizer={optimizer}", f"scheduler={scheduler}"]))
    model = create_model("lenet5")
    attach_optimizer(model, config["optimizer"], config["scheduler"])
    assert model.optimizer_factory(model.parameter_groups(model)).param_groups[0]["lr"] == config["optimizer"]["lr"]


@pytest.mark.parametrize("shown", [True, False])
def test_the_progress_bar_can_be_left_out(shown, monkeypatch, tmp_path):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    config = to_dict(compose([f"+trainer.enable_progress_bar={shown}"]))
    progress = build_callbacks(config, create_model("lenet5"), tmp_path)[1]
    assert (progress.refresh_rate > 0) == shown


def test_preparing_keeps_names_and_outputs():
    model = create_model("lenet5", in_channels=3)
    images = torch.randn(2, 3, 32, 32)
    names, expected = list(model.state_dict()), model(images)
    prepare_network(model, channels_last=True, compiled=False)
    assert list(model.state_dict()) == names
    assert model.network.features[0].weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(model(images), expected)


def test_kernels_of_one_pixel_get_the_strides_of_channels_last():
    model = create_model("googlenet", num_classes=3)
    prepare_network(model, channels_last=True, compiled=False)
    expected = create_model("googlenet", num_classes=3).network.to(memory_format=torch.channels_last)
    for (name, ours), theirs in zip(model.network.named_parameters(), expected.parameters(), strict=True):
        assert ours.stride() == theirs.stride(), name


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="the compiler needs g++")
@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_a_compiled_network_answers_as_before_and_learns_when_it_is_not_answering():
    model = create_model("resnet18", num_classes=3).eval()
    images = torch.randn(2, 3, 64, 64)
    expected = model(images)
    prepare_network(model, channels_last=True, compiled=True)
    with torch.inference_mode(), frozen_inference(compiled=True):
        torch.testing.assert_close(model(images), expected, atol=1e-4, rtol=1e-4)
    model.train()
    model(images).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
