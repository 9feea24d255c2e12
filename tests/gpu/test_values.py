"""Loss and gradients of every model of the catalog are as near to double precision as those of the CPU."""

import copy
import json
from functools import lru_cache
from typing import Any, NamedTuple

import pytest
import torch
from pytorch_lightning.utilities import move_data_to_device
from small_runs import set_up
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from zoo.config.compose import compose, to_dict
from zoo.config.listing import list_models
from zoo.networks.staged import StagedNetwork
from zoo.run.build import build_data, build_task, prepare_network
from zoo.tasks.base import Task

pytestmark = pytest.mark.gpu
BATCH = 8
BATCHES = {"siamese": 32, "siamese_resnet50": 32, "bert_large": 2}
"""Of fewer images no triplet may violate the margin; of more texts a CPU takes minutes in double precision."""
TIMES, LOSS, GRADIENT = 5, 5e-4, 5e-2
"""Relative errors in float32: at most `TIMES` the CPU's error, plus the floor of the loss or of the gradient.

Batch norms over 8 small images amplify rounding, and where that flips a ReLU or the choice of a max pooling, the
gradient jumps: with inception_v3 the CPU's own error is 0.06 in one memory format and 0.17 in the other. So the CPU's
error is the larger of both.
"""
BFLOAT16 = 0.15
"""Of the loss in bfloat16; its gradient may have `TIMES` the error of a `rounded` network, plus the floor above."""


class Result(NamedTuple):
    """The loss of a training step, and its gradients as one vector, both on the CPU."""

    loss: Tensor
    gradient: Tensor


class Built(NamedTuple):
    """A model without random parts, a batch of its natural data, and what the CPU computes of it."""

    task: Task
    batch: Any
    double: Result
    """In double precision."""
    errors: tuple[float, float]
    """Of the loss and the gradient in single precision."""
    bfloat16: float
    """The error of the gradient where weights, activations and their gradients have the digits of bfloat16."""


@lru_cache(maxsize=2)
def natural_data(words: str, batch_size: int) -> Any:
    small = {"batch_size": batch_size, "num_workers": 0}
    config = json.loads(words)
    data = build_data(config | {key: value for key, value in small.items() if key in config})
    data.setup()
    return data, data.normalize(next(iter(data.loader("train"))))


STYLIZED = ("adain", "fast_style", "style_transfer")
RANDOM = {"faster_rcnn_resnet50_v2", "matrix_factorization_bpr"}
"""Their losses draw the proposals, or the pairs, that they compare: on each device others."""
MODELS = {*list_models()} - RANDOM


PARAMETERS = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in sorted(MODELS)]


@pytest.fixture(scope="module", params=PARAMETERS)
def built(request: pytest.FixtureRequest) -> Built:
    """A model of the catalog."""
    smaller = ["data.image_size=64"] if request.param.startswith(STYLIZED) else []  # 256 pixels take a CPU minutes
    config = to_dict(compose([f"model={request.param}", *smaller]))
    data, batch = natural_data(json.dumps(config["data"]), BATCHES.get(request.param, BATCH))
    torch.manual_seed(0)
    task = build_task(config["model"], data.metadata(), data.card()).train()
    set_up(task, data)
    for module in task.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for rate in ("drop_path", "dropout"):
            if isinstance(getattr(module, rate, None), float):
                setattr(module, rate, 0.0)
    cpu = torch.device("cpu")
    double = step(copy.deepcopy(task).double(), batch, cpu)
    singles = [step(task, batch, cpu)]
    if isinstance(task.network, StagedNetwork):
        other = copy.deepcopy(task)
        prepare_network(other, channels_last=True, compiled=False)
        singles.append(step(other, batch, cpu))
    loss, gradient = (max(apart(one[i], double[i]) for one in singles) for i in range(2))
    coarse = apart(step(rounded(copy.deepcopy(task)), batch, cpu).gradient, double.gradient)
    return Built(task, batch, double, (loss, gradient), coarse)


class Rounded(torch.autograd.Function):
    """The digits of bfloat16, forward and backward, in the type of the input."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        return value.bfloat16().to(value.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0].bfloat16().to(gradients[0].dtype)


def rounded(task: Task) -> Task:
    """Rounds the weights of the network, and from now on the output of each of its layers.

    So any CPU shows in single precision what eight bits of mantissa cost; many have no fast bfloat16.
    """

    def output(module: nn.Module, inputs: Any, found: Any) -> Any:
        return tree_map_only(Tensor, lambda value: Rounded.apply(value) if value.is_floating_point() else value, found)

    with torch.no_grad():
        for value in task.network.parameters():
            value.copy_(value.bfloat16())
    for module in task.network.modules():
        if not [*module.children()]:
            module.register_forward_hook(output)
    return task


def step(task: Task, batch: Any, device: torch.device, *, bfloat16: bool = False) -> Result:
    """Runs a training step on a device."""
    task.to(device)
    parameters = [value for value in task.parameters() if value.requires_grad]
    torch.manual_seed(0)
    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        loss = task.step(move_data_to_device(batch, device), "train")
    found = torch.autograd.grad(loss, parameters) if parameters else [torch.zeros(1)]
    return Result(loss.detach().double().cpu(), torch.cat([part.double().flatten().cpu() for part in found]))


def apart(ours: Tensor, theirs: Tensor) -> float:
    """The difference relative to the norm of `theirs`."""
    return float((ours - theirs).norm() / theirs.norm().clamp(min=1e-12))


def assert_near(found: Result, built: Built) -> None:
    """Compares errors, which are relative to double precision."""
    cpu = built.errors
    loss, gradient = (apart(a, b) for a, b in zip(found, built.double, strict=True))
    shown = f"errors of loss and gradient {loss:.2g}, {gradient:.2g}; on the CPU {cpu[0]:.2g}, {cpu[1]:.2g}"
    assert loss <= TIMES * cpu[0] + LOSS, shown
    assert gradient <= TIMES * cpu[1] + GRADIENT, shown


def test_single_precision_is_as_exact_as_on_the_cpu(built, device):
    if type(built.task.network).__name__ == "NaiveRandom":
        pytest.skip("draws its forecasts")
    assert_near(step(built.task, built.batch, device), built)


def test_bfloat16_is_finite_and_near(built, device):
    task, batch = built.task, built.batch
    if device.type == "cpu" and sum(value.numel() for value in task.parameters()) > 10**6:
        pytest.skip("a CPU without bfloat16 takes minutes")
    loss, gradient = step(task, batch, device, bfloat16=True)
    assert loss.isfinite()
    assert gradient.isfinite().all()
    if type(task.network).__name__ != "NaiveRandom":
        assert apart(loss, built.double.loss) < BFLOAT16
        error = apart(gradient, built.double.gradient)
        shown = f"error of the gradient {error:.2g}; of the rounded network {built.bfloat16:.2g}"
        assert error <= TIMES * built.bfloat16 + GRADIENT, shown


def test_other_forms_of_the_same_network_are_as_exact(built, device):
    task, batch = built.task, built.batch
    if not isinstance(task.network, StagedNetwork):
        pytest.skip("neither checkpointing nor channels-last")
    task.network.checkpointing = True
    checkpointed = step(task, batch, device)
    task.network.checkpointing = False
    prepare_network(task, channels_last=True, compiled=False)
    assert_near(checkpointed, built)
    assert_near(step(task, batch, device), built)
