"""Every model of the catalog composes, builds, learns, saves and loads."""

from typing import Any, NamedTuple

import pytest
import torch
from catalog_configs import small_catalog_run

from zoo.checkpoints.load import load
from zoo.config.instantiate import instantiate, locate
from zoo.config.listing import list_models
from zoo.data.base import DataModule, Split
from zoo.run.build import attach_optimizer, build_data, build_task
from zoo.run.create import catalog_config
from zoo.tasks.base import Task

BATCH = 8
DEEPER = {  # than another member of their family; the slow tests have them
    *("resnet101", "resnet152", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg19", "vgg19_bn"),
    *("fcos_resnet50", "retinanet_resnet50_v2", "faster_rcnn_resnet50_v2"),
    *("bert_mini", "bert_small", "bert_medium", "bert_base", "bert_large"),
    *("style_transfer_vgg19", "fast_style_vgg16", "adain_vgg19"),
}
ZERO_AT_FIRST = {  # some gradients, and none is missing
    "timm",  # the last norm of each residual block starts at zero
    *("fcos_resnet50", "retinanet_resnet50_v2", "faster_rcnn_resnet50_v2", "ssdlite320_mobilenet_v3"),  # unused levels
}
OTHER_BATCH = {"siamese": 32, "yolo_resnet50": 2}  # of fewer digits no triplet may violate the margin; scenes are large


class Built(NamedTuple):
    """A model on its natural data."""

    name: str
    task: Task
    datamodule: DataModule

    def batch(self, split: Split) -> Any:
        return self.datamodule.normalize(next(iter(self.datamodule.loader(split))))


def models():
    """All models, the deeper ones marked as slow."""
    return [pytest.param(name, marks=pytest.mark.slow) if name in DEEPER else name for name in list_models()]


@pytest.fixture(scope="module", params=models())
def built(request):
    """Each model of the catalog, in turn, so that one at a time is in memory."""
    config = small_catalog_run(request.param)
    if "batch_size" in config["data"]:  # a pair of images has none
        config["data"]["batch_size"] = OTHER_BATCH.get(request.param, BATCH)
    datamodule = build_data(config["data"])
    datamodule.setup()
    torch.manual_seed(0)
    task = build_task(config["model"], datamodule.metadata(), datamodule.card())
    attach_optimizer(task, config["optimizer"], config["scheduler"])
    return Built(request.param, task, datamodule)


@pytest.mark.parametrize("name", list_models())
def test_it_is_built_by_name_alone(name):
    config = catalog_config(name)
    with torch.device("meta"):
        network = instantiate(config["network"])
    assert type(network).__module__.startswith("zoo.networks.")
    assert locate(config["_target_"]).monitor.startswith("val/")


def test_a_gradient_reaches_every_parameter(built):
    task = built.task.train()
    task.zero_grad()
    if not any(parameter.requires_grad for parameter in task.parameters()):
        pytest.skip("nothing to learn")
    task.step(built.batch("train"), "train").backward()
    trained = {key: value.grad for key, value in task.named_parameters() if value.requires_grad}
    assert not [key for key, gradient in trained.items() if gradient is None]
    assert not [key for key, gradient in trained.items() if not gradient.isfinite().all()]
    if built.name not in ZERO_AT_FIRST:
        assert not [key for key, gradient in trained.items() if not gradient.any()]
    task.zero_grad()


def test_it_comes_back_from_its_checkpoint(built, tmp_path):
    task = built.task.eval()
    checkpoint = {"state_dict": task.state_dict()}
    task.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, tmp_path / "model.ckpt")
    loaded = load(tmp_path / "model.ckpt")
    (tmp_path / "model.ckpt").unlink()  # pytest keeps the folders of three runs
    assert loaded.card == task.card
    for key, value in task.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key
    inputs = [None if value is None else value[:2] for value in task.network_inputs(built.batch("test"))]
    two = [value.to(task.dtype) if value is not None and value.is_floating_point() else value for value in inputs]
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
