"""Loss and gradients of every model of the catalog equal those of the CPU."""

import json
from functools import lru_cache
from typing import Any

import pytest
import torch
from pytorch_lightning.utilities import move_data_to_device
from torch import Tensor, nn

from zoo.config.compose import compose, to_dict
from zoo.config.listing import list_models
from zoo.networks.staged import StagedNetwork
from zoo.run.build import build_data, build_task, prepare_network
from zoo.tasks.base import Task

pytestmark = pytest.mark.gpu
BATCH, LARGER = 8, {"siamese": 32, "siamese_resnet50": 32}  # of fewer images no triplet may violate the margin
LOSS, GRADIENT = 1e-4, 2e-2
"""Relative tolerances in float32: deep networks with batch norms over 8 small images amplify rounding."""
BFLOAT16 = 0.15


@lru_cache(maxsize=2)
def natural_data(words: str, batch_size: int) -> Any:
    data = build_data(json.loads(words) | {"batch_size": batch_size, "num_workers": 0})
    data.setup()
    return data, data.normalize(next(iter(data.loader("train"))))


@pytest.fixture(scope="module", params=sorted(list_models(), key=lambda name: (name.startswith("gru"), name)))
def built(request: pytest.FixtureRequest) -> tuple[Task, Any, "Result"]:
    """A model without dropout, a batch of its natural data, and what the CPU computes of it."""
    config = to_dict(compose([f"model={request.param}"]))
    data, batch = natural_data(json.dumps(config["data"]), LARGER.get(request.param, BATCH))
    torch.manual_seed(0)
    task = build_task(config["model"], data.metadata(), data.card()).train()
    for module in task.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return task, batch, step(task, batch, torch.device("cpu"))


Result = tuple[Tensor, Tensor]


def step(task: Task, batch: Any, device: torch.device, *, bfloat16: bool = False) -> Result:
    """The loss of a training step on a device, and the gradients as one vector, both on the CPU."""
    task.to(device)
    parameters = [value for value in task.parameters() if value.requires_grad]
    torch.manual_seed(0)
    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        loss = task.step(move_data_to_device(batch, device), "train")
    found = torch.autograd.grad(loss, parameters) if parameters else [torch.zeros(1)]
    return loss.detach().float().cpu(), torch.cat([part.float().flatten().cpu() for part in found])


def apart(ours: Tensor, theirs: Tensor) -> float:
    """The difference relative to the norm of `theirs`."""
    return float((ours - theirs).norm() / theirs.norm().clamp(min=1e-12))


def assert_equal(ours: Result, theirs: Result) -> None:
    assert apart(ours[0], theirs[0]) < LOSS
    assert apart(ours[1], theirs[1]) < GRADIENT


def test_single_precision_equals_the_cpu(built, device):
    task, batch, expected = built
    if type(task.network).__name__ == "NaiveRandom":
        pytest.skip("draws its forecasts")
    assert_equal(step(task, batch, device), expected)


def test_bfloat16_is_finite_and_near(built, device):
    task, batch, expected = built
    if device.type == "cpu" and sum(value.numel() for value in task.parameters()) > 10**6:
        pytest.skip("a CPU without bfloat16 takes minutes")
    loss, gradient = step(task, batch, device, bfloat16=True)
    assert loss.isfinite()
    assert gradient.isfinite().all()
    if type(task.network).__name__ != "NaiveRandom":
        assert apart(loss, expected[0]) < BFLOAT16


def test_other_forms_of_the_same_network_are_equal(built, device):
    task, batch, expected = built
    if not isinstance(task.network, StagedNetwork):
        pytest.skip("neither checkpointing nor channels-last")
    task.network.checkpointing = True
    checkpointed = step(task, batch, device)
    task.network.checkpointing = False
    prepare_network(task, channels_last=True, compiled=False)
    assert_equal(checkpointed, expected)
    assert_equal(step(task, batch, device), expected)
