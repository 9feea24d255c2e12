"""The parts of trainer=fsdp that need one process only."""

import pytest
import torch
from torch import nn

from zoo import hardware
from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.hardware import Hardware
from zoo.run.build import build_trainer
from zoo.run.sharding import FullyShard, full_state_dict, load_full_state_dict, shard_like


def test_the_strategy_saves_one_file_and_divides_over_all_processes(tmp_path):
    config = to_dict(compose(["trainer=fsdp", "trainer.num_nodes=3"]))["trainer"]
    chosen = Hardware(accelerator="cpu", devices=2, precision="32-true", channels_last=False)
    trainer = build_trainer(config, chosen, tmp_path, callbacks=[], loggers=[], deterministic=False)
    assert isinstance(trainer.strategy, FullyShard)
    assert not trainer.strategy._save_distributed_checkpoint
    assert (trainer.strategy.num_nodes, trainer.strategy.num_processes) == (3, 2)
    assert trainer.strategy._tensor_parallel_size == 1


def test_a_layout_that_cannot_be_divided():
    config = to_dict(compose(["trainer=fsdp", "trainer.accelerator=cpu", "trainer.devices=2"]))["trainer"]
    network = nn.Conv2d(1, 1, 1)
    network.channels_last = True
    assert not hardware.resolve_hardware(config, channels_last="auto", network=network).channels_last
    with pytest.raises(ZooError, match=r"`channels_last` \(=true\): trainer=fsdp shards channels-first weights only"):
        hardware.resolve_hardware(config, channels_last=True, network=network)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trainer=fsdp"], "`trainer.devices` (=-1) means all GPUs and none was found: trainer.devices=2 takes CPU"),
        (["trainer=fsdp", "model=linear_forecaster"], "train a forecasting model with trainer=ddp"),
        (["trainer=ddp", "model=resnet18"], "works between GPUs alone: on the CPU give trainer.sync_batchnorm=false"),
        (["trainer=fsdp", "model=resnet18"], "works between GPUs alone: on the CPU give trainer.sync_batchnorm=false"),
    ],
)
def test_what_is_refused_on_the_cpu(command, monkeypatch, words, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    flags = [] if words == ["trainer=fsdp"] else ["trainer.accelerator=cpu", "trainer.devices=2"]
    ended = command("train", *words, *flags)
    assert ended.code == 2
    (line,) = ended.err.splitlines()
    assert message in line


def test_state_that_is_not_divided_stays_as_it_is():
    layer, other = nn.Linear(2, 2), nn.Linear(2, 2)
    load_full_state_dict(other, full_state_dict(layer.state_dict()))
    shard_like(other, layer)
    assert torch.equal(layer.weight, other.weight)
