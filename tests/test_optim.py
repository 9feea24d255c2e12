import math

import pytest
import torch
from torch import nn

from zoo.errors import ZooError
from zoo.optim import Constant, Cosine, OneCycle, Plateau, Step, merge_param_groups, weight_decay_groups


def test_norms_and_biases_do_not_decay():
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(4, 5))
    decaying, others = weight_decay_groups(module)
    assert {id(p) for p in decaying["params"]} == {id(module[0].weight), id(module[2].weight)}
    assert others["weight_decay"] == 0.0
    assert len(others["params"]) == 4


def test_frozen_parameters_are_left_out():
    module = nn.Linear(2, 2)
    module.weight.requires_grad = False
    (group,) = weight_decay_groups(module)
    assert group["params"][0] is module.bias


@pytest.mark.parametrize(("weight_decay", "groups"), [(0.0, 1), (0.1, 2)])
def test_groups_with_the_same_options_become_one_and_step_as_before(weight_decay, groups):
    torch.manual_seed(0)
    modules = [nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1)) for _ in range(2)]
    modules[1].load_state_dict(modules[0].state_dict())
    optimizers = [torch.optim.AdamW(weight_decay_groups(module), weight_decay=weight_decay) for module in modules]
    merge_param_groups(optimizers[0])
    assert [len(optimizer.param_groups) for optimizer in optimizers] == [groups, 2]
    for module, optimizer in zip(modules, optimizers, strict=True):
        module(torch.ones(2, 3)).sum().backward()
        optimizer.step()
    for ours, theirs in zip(modules[0].parameters(), modules[1].parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_one_cycle_is_torchs():
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=1.0,
        total_steps=2001,
        pct_start=0.3,
        div_factor=25,
        final_div_factor=400,
        cycle_momentum=False,
    )
    ours = OneCycle(warmup=0.3, start=0.04, final=1e-4)
    for step in range(2000):
        assert ours(step / 2000) == pytest.approx(theirs.get_last_lr()[0], abs=2e-3)  # torch's peak is a step early
        optimizer.step()
        theirs.step()


def test_schedules_at_known_points():
    assert Constant()(0.7) == 1
    one_cycle = OneCycle(warmup=0.25, start=0.1, final=0.01)
    assert [one_cycle(p) for p in (0, 0.25, 1)] == pytest.approx([0.1, 1, 0.01])
    cosine = Cosine(warmup=0.1, final=0.0)
    assert [cosine(p) for p in (0.05, 0.1, 0.55, 1)] == pytest.approx([0.5, 1, 0.5, 0])
    assert cosine(0) > 0
    step = Step(milestones=[0.5, 0.75], factor=0.1)
    assert [step(p) for p in (0, 0.5, 0.9)] == pytest.approx([1, 0.1, 0.01])


def test_a_schedule_without_warm_up():
    assert OneCycle(warmup=0, start=0.1, final=0)(0) == 1
    assert math.isclose(Cosine(warmup=0, final=0)(0.5), 0.5)


@pytest.mark.parametrize("make", [lambda: OneCycle(warmup=1, start=0, final=0), lambda: Step(milestones=[3], factor=1)])
def test_epochs_are_rejected_as_fractions(make):
    with pytest.raises(ZooError, match=r"must lie in \[0, 1\): it is a fraction of training"):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: OneCycle(warmup=0, start=-1, final=0),
            r"`scheduler.start` \(=-1\) must be a finite number",
        ),
        (
            lambda: OneCycle(warmup=0, start=0, final=-1),
            r"`scheduler.final` \(=-1\) must be a finite number",
        ),
        (lambda: Cosine(warmup=0, final=math.inf), r"`scheduler.final` \(=inf\) must be a finite number of at least 0"),
        (lambda: Step(milestones=[], factor=-1), r"`scheduler.factor` \(=-1\) must be a finite number"),
        (lambda: Plateau(factor=1, patience=1, min_lr=0), r"`scheduler.factor` \(=1\) must lie in \(0, 1\)"),
        (lambda: Plateau(factor=0.1, patience=-1, min_lr=0), r"`scheduler.patience` \(=-1\) must be at least 0"),
        (lambda: Plateau(factor=0.1, patience=1, min_lr=-1), r"`scheduler.min_lr` \(=-1\) must be a finite number"),
    ],
)
def test_rates_below_zero_are_refused(make, message):
    """They would climb the loss in silence."""
    with pytest.raises(ZooError, match=message):
        make()
