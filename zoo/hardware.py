"""Which device, precision, memory layout and how many threads: chosen once, and said aloud with the reason."""

import math
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from zoo.errors import ZooError

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_CPU_FLAGS = Path("/proc/cpuinfo")


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What a run computes on."""

    accelerator: str
    devices: int | str | list[int]
    precision: str
    channels_last: bool
    reasons: list[str] = field(default_factory=list)
    """One line for each choice."""


def cores() -> int:
    """CPU cores that this process may use: its affinity mask, cut by the container's quota."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _CGROUP_QUOTA.read_text().split()
    except (OSError, ValueError):
        return available
    return available if quota == "max" else max(1, min(available, math.ceil(int(quota) / int(period))))


def data_workers(asked: int | Literal["auto"]) -> int:
    """Worker processes that read data: as asked, else one a core on a GPU, half of the cores on the CPU."""
    if asked != "auto":
        return asked
    return min(cores(), 16) if torch.cuda.is_available() else max(1, cores() // 2)


def resolve_hardware(trainer: dict[str, Any], *, channels_last: bool | Literal["auto"], network: nn.Module) -> Hardware:
    """What `trainer` leaves to `auto`, decided; what it says itself stands.

    Raises:
        ZooError: a GPU is asked for and there is none, or more of them than there are; a layout that cannot be had.
    """
    if not torch.cuda.is_available():
        # Lightning sets it to 1, and Adam, which looks for a GPU at every step, then loads NVIDIA's library each time.
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"
    accelerator, reasons = _accelerator(trainer["accelerator"])
    on_gpu = accelerator in ("gpu", "cuda")
    devices = _devices(trainer["devices"], on_gpu)
    if not on_gpu and isinstance(devices, int) and devices > cores():
        reasons.append(f"devices: {devices} processes (as asked; slower than {cores()}, the cores there are)")
    precision, why_precision = _precision(str(trainer["precision"]), on_gpu)
    layout, why_layout = _layout(channels_last, network, divided=isinstance(trainer.get("strategy"), dict))
    return Hardware(
        accelerator=accelerator,
        devices=devices,
        precision=precision,
        channels_last=layout,
        reasons=[*reasons, why_precision, why_layout],
    )


def _accelerator(asked: str) -> tuple[str, list[str]]:
    if asked == "auto":
        if torch.cuda.is_available():
            return "gpu", [f"device: {torch.cuda.get_device_name()} (CUDA is available)"]
        return "cpu", [f"device: CPU, {_threads()} (no CUDA device was found)"]
    if asked in ("gpu", "cuda") and not torch.cuda.is_available():
        raise ZooError(
            f"`trainer.accelerator` (={asked}) needs a CUDA device and none was found: use trainer=auto or trainer=cpu"
        )
    return asked, [f"device: {asked} (as asked)"]


def _devices(asked: Any, on_gpu: bool) -> Any:
    if asked == "auto":
        return 1
    if on_gpu:
        wanted = max(asked) + 1 if isinstance(asked, list) else asked
        if isinstance(wanted, int) and wanted > torch.cuda.device_count():
            raise ZooError(f"`trainer.devices` (={asked}) is more than the {torch.cuda.device_count()} there are")
    elif asked == -1:
        raise ZooError(
            "`trainer.devices` (=-1) means all GPUs and none was found: trainer.devices=2 takes CPU processes"
        )
    return asked


def _precision(asked: str, on_gpu: bool) -> tuple[str, str]:
    if asked == "auto":
        if on_gpu and torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16-mixed", "precision: bf16-mixed (the device computes in bfloat16)"
        return "32-true", "precision: 32-true (the device has no fast bfloat16)"
    if "16" in asked and not on_gpu and not _cpu_has_units("bf16" if "bf16" in asked else "fp16"):
        return asked, f"precision: {asked} (as asked; slower here: this CPU has no units for it)"
    if "bf16" in asked and on_gpu and not torch.cuda.is_bf16_supported(including_emulation=False):
        return asked, f"precision: {asked} (as asked; slower here: this GPU only emulates bfloat16; 16-mixed is fast)"
    return asked, f"precision: {asked} (as asked)"


def _cpu_has_units(kind: Literal["bf16", "fp16"]) -> bool:
    flags = _CPU_FLAGS.read_text() if _CPU_FLAGS.is_file() else ""
    return f"avx512_{kind}" in flags or f"amx_{kind}" in flags


def _layout(asked: bool | Literal["auto"], network: nn.Module, *, divided: bool) -> tuple[bool, str]:
    if divided:  # trainer=fsdp
        if asked is True:
            raise ZooError("`channels_last` (=true): trainer=fsdp divides channels-first weights alone; leave it out")
        return False, "memory layout: channels-first (weights that are divided have no other)"
    if asked != "auto":
        return asked, f"memory layout: {'channels-last' if asked else 'channels-first'} (as asked)"
    if bool(getattr(network, "channels_last", False)):
        return True, "memory layout: channels-last (faster for this network)"
    return False, "memory layout: channels-first (channels-last brings this network nothing)"


def check_sync_batchnorm(trainer: dict[str, Any], hardware: Hardware, network: nn.Module) -> None:
    """PyTorch synchronises the statistics of batch norms between GPUs alone, and says so only while it trains.

    Raises:
        ZooError: several CPU processes are asked to, and the network has batch norms.
    """
    asked = trainer.get("sync_batchnorm") and trainer.get("strategy") is not None
    norms = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())
    if asked and norms and hardware.accelerator == "cpu":
        raise ZooError(
            "`trainer.sync_batchnorm` (=true) works between GPUs alone: on the CPU give trainer.sync_batchnorm=false"
        )


def device_name(device: torch.device) -> str:
    """The device as people call it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU {platform.machine()}, {_threads()}"


def _threads() -> str:
    count = torch.get_num_threads()
    return f"{count} thread{'s' if count > 1 else ''}"
