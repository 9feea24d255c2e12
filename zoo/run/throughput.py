"""Measures training throughput, time spent waiting for data, and GPU utilization."""

import time
import warnings
from typing import Any, cast

import torch
from lightning_fabric.utilities.throughput import get_available_flops
from pytorch_lightning import Callback, LightningModule, Trainer

from zoo.data.base import DataModule
from zoo.tasks.base import Task

_DTYPES = {"16-mixed": torch.float16, "16-true": torch.float16, "64-true": torch.float64}
_DTYPES |= {"bf16-mixed": torch.bfloat16, "bf16-true": torch.bfloat16}
PASSES = 3  # forward passes that a training step costs: backward costs 2× forward


class Throughput(Callback):
    """Counts samples, seconds of training, and seconds spent waiting for data.

    On a GPU also peak memory and model-FLOPs utilization (MFU): the fraction of the published peak that the network
    uses, from `flops`, the FLOPs of a forward pass of one sample. Source: Chowdhery et al., "PaLM", 2022,
    arXiv:2204.02311, appendix B. Synchronizes with the GPU once an epoch; Lightning's ThroughputMonitor does so at
    every step.
    """

    def __init__(self, flops: int | None = None) -> None:
        self.flops = flops
        self.samples = 0
        self.seconds = 0.0
        self.waiting = 0.0
        self.samples_per_second = 0.0
        """Of the last epoch."""
        self.waiting_share = 0.0
        """Of the last epoch: the fraction spent waiting for a batch."""
        self.epoch_seconds = 0.0
        """Of the last epoch, without validation."""
        self.peak_memory: int | None = None
        """Bytes allocated at most; None without CUDA."""
        self._peak_flops: float | None = None
        self._cuda: torch.device | None = None
        self._epoch = (0.0, 0, 0.0)
        self._idle_since = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock; in a resumed run Lightning skips `on_train_epoch_start` of the first epoch."""
        device = trainer.strategy.root_device
        if device.type == "cuda":
            self._cuda = device
            torch.cuda.reset_peak_memory_stats(device)
            if all(parameter.requires_grad for parameter in pl_module.parameters()):  # else fewer passes
                self._peak_flops = peak_flops(device, str(trainer.precision), trainer.world_size)
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock of the epoch."""
        self._idle_since = time.perf_counter()
        self._epoch = (self._idle_since, self.samples, self.waiting)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Adds the time from the end of a step to the arrival of the next batch, without transfer and augmentation."""
        data: Any = getattr(trainer, "datamodule", None)
        received = data.received if isinstance(data, DataModule) else time.perf_counter()
        self.waiting += max(received - self._idle_since, 0.0)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Counts the samples of the batch in all processes."""
        self.samples += cast(Task, pl_module).num_samples(batch) * trainer.world_size
        self._idle_since = time.perf_counter()
        started, samples, _ = self._epoch
        self.samples_per_second = (self.samples - samples) / (self._idle_since - started)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stops the clock: validation is not training time."""
        self._close()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the measurements of the epoch."""
        self._close()
        figures = {"samples_per_second": self.samples_per_second, "waiting_for_data": self.waiting_share}
        if self.peak_memory is not None:
            figures["memory_mb"] = self.peak_memory / 2**20
        if (mfu := self.utilization(self.samples_per_second)) is not None:
            figures["mfu"] = mfu
        pl_module.log_dict(figures, rank_zero_only=True)

    def utilization(self, samples_per_second: float) -> float | None:
        """Model-FLOPs utilization; None if the peak of the GPU or the FLOPs of the network are unknown."""
        if self._peak_flops is None or self.flops is None:
            return None
        return PASSES * self.flops * samples_per_second / self._peak_flops

    def _close(self) -> None:
        started, samples, waiting = self._epoch
        if not started:
            return
        if self._cuda is not None:
            torch.cuda.synchronize(self._cuda)  # kernels run asynchronously
            self._idle_since = time.perf_counter()
            self.peak_memory = torch.cuda.max_memory_allocated(self._cuda)
        seconds = max(self._idle_since - started, 1e-9)
        self.seconds += seconds
        self.epoch_seconds = seconds
        self.samples_per_second = (self.samples - samples) / seconds
        self.waiting_share = (self.waiting - waiting) / seconds
        self._epoch = (0.0, self.samples, self.waiting)


def peak_flops(device: torch.device, precision: str, devices: int) -> float | None:
    """The published FLOPs per second of all devices at a precision; None if unknown."""
    with warnings.catch_warnings(action="ignore"):  # it warns about devices that are not in its table
        peak = get_available_flops(device, _DTYPES.get(precision, torch.float32))
    return None if peak is None else float(peak) * devices
