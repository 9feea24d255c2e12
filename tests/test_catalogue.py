"""Every model of the catalogue composes, builds, learns, saves and loads."""

import pytest
import torch

from zoo.checkpoints.load import load
from zoo.config.compose import compose, to_dict
from zoo.config.instantiate import instantiate, locate
from zoo.config.listing import list_models
from zoo.run.build import attach_optimizer, build_data, build_task
from zoo.run.create import catalogue_config

HEAVY = {  # too slow or too large to be trained within a quick test; built on no device here, trained elsewhere
    name
    for name in list_models()
    if name.startswith(("alexnet", "vgg", "resnet", "inception", "googlenet")) or name.endswith(("resnet50", "lite0"))
}
LIGHT = [name for name in list_models() if name not in HEAVY]


@pytest.fixture(scope="module")
def built():
    """Builds a model of the catalogue on its natural data, once."""
    made = {}

    def build(name):
        if name not in made:
            config = to_dict(compose([f"model={name}"]))
            datamodule = build_data(config["data"])
            datamodule.setup()
            torch.manual_seed(0)
            task = build_task(config["model"], datamodule.metadata(), datamodule.card())
            attach_optimizer(task, config["optimizer"], config["scheduler"])
            made[name] = (task, datamodule)
        return made[name]

    return build


def first_batch(datamodule, split="train"):
    batch = next(iter(datamodule.loader(split)))
    return datamodule.normalize(batch)


@pytest.mark.parametrize("name", list_models())
def test_it_is_built_by_name_alone(name):
    config = catalogue_config(name)
    with torch.device("meta"):
        network = instantiate(config["network"])
    assert type(network).__module__.startswith("zoo.networks.")
    assert locate(config["_target_"]).monitor.startswith("val/")


@pytest.mark.parametrize("name", LIGHT)
def test_a_gradient_reaches_every_parameter(built, name):
    task, datamodule = built(name)
    task.train()
    task.zero_grad()
    if not any(parameter.requires_grad for parameter in task.parameters()):
        pytest.skip("nothing to learn")
    task.step(first_batch(datamodule), "train").backward()
    without = [key for key, value in task.named_parameters() if value.requires_grad and value.grad is None]
    assert not without


@pytest.mark.parametrize("name", LIGHT)
def test_it_comes_back_from_its_checkpoint(built, name, tmp_path):
    task, datamodule = built(name)
    task.eval()
    checkpoint = {"state_dict": task.state_dict()}
    task.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, tmp_path / "model.ckpt")
    loaded = load(tmp_path / "model.ckpt")
    assert loaded.card == task.card
    for key, value in task.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key
    batch = first_batch(datamodule, "test")
    two = [None if value is None else value[:2].to(task.dtype) for value in task.network_inputs(batch)]
    torch.manual_seed(0)
    expected = task.network(*two)
    torch.manual_seed(0)
    torch.testing.assert_close(loaded.network(*two), expected, rtol=0, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", list_models())
def test_one_batch_of_each_stage_runs(command, name):
    ended = command("train", f"model={name}", "trainer=debug")
    assert ended.code == 0, ended.err
    assert "one batch of each stage ran through" in ended.out
