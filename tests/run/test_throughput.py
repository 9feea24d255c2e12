"""Measurements of training throughput, with a fake clock."""

from unittest.mock import Mock

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from torch import nn

from zoo.data.base import DataModule
from zoo.run import throughput
from zoo.run.throughput import Throughput, peak_flops

BATCH = (torch.zeros(8),)


class Data(DataModule):
    """Data that is fetched by workers."""

    def __init__(self):
        super().__init__(batch_size=8, num_workers=0, seed=0)

    def load(self):
        return {}


class Logging(LightningModule):
    """Keeps what is logged."""

    def __init__(self, logged):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.logged = logged

    def num_samples(self, batch):
        return len(batch[0])

    def log_dict(self, figures, rank_zero_only):
        self.logged.append(figures)


class Run:
    """A run of one process, whose steps take `step` seconds after `wait` and `augment`."""

    def __init__(self, monkeypatch, *, device="cpu", flops=None, world_size=1, frozen=False):
        self.now = 100.0
        monkeypatch.setattr(throughput.time, "perf_counter", lambda: self.now)
        self.data = Data()
        self.trainer = Mock(
            spec=Trainer,
            strategy=Mock(root_device=torch.device(device)),
            datamodule=self.data,
            world_size=world_size,
            precision="bf16-mixed",
            current_epoch=0,
        )
        self.logged = []
        self.module = Logging(self.logged)
        self.module.weight.requires_grad = not frozen
        self.callback = Throughput(flops)
        self.callback.on_train_start(self.trainer, self.module)

    def epoch(self, *, steps=10, wait=0.0, augment=0.0, step=1.0, validation=50.0):
        self.callback.on_train_epoch_start(self.trainer, self.module)
        for number in range(steps):
            self.now += wait
            self.data.received = self.now
            self.now += augment
            self.callback.on_train_batch_start(self.trainer, self.module, BATCH, number)
            self.now += step
            self.callback.on_train_batch_end(self.trainer, self.module, None, BATCH, number)
        self.callback.on_validation_start(self.trainer, self.module)
        self.now += validation
        self.callback.on_train_epoch_end(self.trainer, self.module)
        self.trainer.current_epoch += 1


def test_waiting_is_the_time_until_a_batch_is_there(monkeypatch):
    run = Run(monkeypatch)
    run.epoch(wait=0.5, augment=0.5, step=1.0)
    run.epoch(wait=0.0, augment=0.0, step=1.0)
    assert run.logged == [
        {"samples_per_second": pytest.approx(4.0), "waiting_for_data": pytest.approx(0.25)},
        {"samples_per_second": pytest.approx(8.0), "waiting_for_data": pytest.approx(0.0)},
    ]
    assert run.callback.seconds == pytest.approx(30.0)  # validation does not count
    assert run.callback.waiting == pytest.approx(5.0)


def test_samples_are_those_of_all_processes(monkeypatch):
    run = Run(monkeypatch, world_size=4)
    run.epoch()
    assert run.logged[0]["samples_per_second"] == pytest.approx(32.0)


@pytest.fixture
def cuda(monkeypatch):
    """A GPU with a peak of 1 TFLOP/s, which counts how often it is waited for."""
    waits = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: waits.append(device))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 3 * 2**20)
    monkeypatch.setattr(throughput, "get_available_flops", lambda device, dtype: {torch.bfloat16: 1e12}[dtype])
    return waits


def test_a_gpu_is_waited_for_once_an_epoch_and_has_memory_and_utilization(monkeypatch, cuda):
    run = Run(monkeypatch, device="cuda", flops=10**10, world_size=2)
    run.epoch(steps=10)
    assert len(cuda) == 1
    assert run.logged[0]["memory_mb"] == 3.0
    assert run.logged[0]["mfu"] == pytest.approx(3 * 1e10 * 16 / 2e12)  # 16 samples a second on two devices


@pytest.mark.parametrize("uncounted", [True, False])
def test_no_utilization_where_a_part_is_frozen_or_the_network_uncounted(monkeypatch, cuda, uncounted):
    run = Run(monkeypatch, device="cuda", flops=None if uncounted else 10**10, frozen=not uncounted)
    run.epoch()
    assert run.logged[0].keys() == {"samples_per_second", "waiting_for_data", "memory_mb"}


def test_the_peak_is_the_published_one_of_the_precision(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA A100-SXM4-80GB")
    assert peak_flops(torch.device("cuda"), "bf16-mixed", 8) == 8 * 312e12
    assert peak_flops(torch.device("cuda"), "64-true", 1) == 9.7e12
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Some New GPU")
    assert peak_flops(torch.device("cuda"), "bf16-mixed", 1) is None
