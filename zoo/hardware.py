"""Resolves device, precision and memory layout, with a printed reason for each."""

import math
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import nn

from zoo.errors import ZooError

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_CPU_FLAGS = Path("/proc/cpuinfo")
_MOST_PER_CORE = 8  # processes
_NO_DOUBLE = "MPS has no double precision"


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """The device, precision and memory layout of a run."""

    accelerator: str
    devices: int | str | list[int]
    precision: str
    channels_last: bool
    reasons: list[str] = field(default_factory=list)
    """Console lines, one for each choice."""


def cores() -> int:
    """Number of CPU cores available to this process: its affinity mask, limited by the container's quota."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _CGROUP_QUOTA.read_text().split()
    except (OSError, ValueError):
        return available
    return available if quota == "max" else max(1, min(available, math.ceil(int(quota) / int(period))))


def data_workers(num_workers: int | Literal["auto"]) -> int:
    """Number of data-loading workers; auto: at most 16, one per core with a GPU, half of the cores without."""
    if num_workers != "auto":
        return num_workers
    return min(cores(), 16) if torch.cuda.is_available() else max(1, cores() // 2)


class Device(NamedTuple):
    """A device, and the console line that names it."""

    device: torch.device
    reason: str

    @property
    def accelerator(self) -> str:
        """The name of its kind in Lightning's Trainer."""
        return "gpu" if self.device.type == "cuda" else self.device.type


def resolve_device(requested: str, *, double_precision: bool = False) -> Device:
    """The device that `auto`, `cpu`, `cuda`, `cuda:1`, … or `mps` names; auto: CUDA, else Apple's MPS, else the CPU.

    MPS computes in single precision: with `double_precision` it is never chosen.

    Raises:
        ZooError: no such device, or MPS for a model that computes in double precision.
    """
    if requested == "auto":
        if torch.cuda.is_available():
            return Device(torch.device("cuda"), f"device: {torch.cuda.get_device_name()} (CUDA is available)")
        if torch.backends.mps.is_available() and not double_precision:
            return Device(torch.device("mps"), "device: MPS, the GPU of this Mac (no CUDA device was found)")
        why = (
            f"{_NO_DOUBLE}, which this model needs" if torch.backends.mps.is_available() else "no CUDA device was found"
        )
        return Device(torch.device("cpu"), f"device: CPU, {_threads()} ({why})")
    try:
        device = torch.device(requested)
    except RuntimeError:
        device = torch.device("meta")
    available = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if device.type not in available:
        raise ZooError(f"`device` (={requested}) must be auto, cpu, cuda, cuda:1, … or mps")
    if (device.index or 0) >= available[device.type]:
        there = f"there are {available[device.type]} of them" if available[device.type] else "none was found"
        raise ZooError(f"`device` (={requested}) needs a GPU, and {there}: device=auto takes what there is")
    if device.type == "mps" and double_precision:
        raise ZooError(f"`device` (=mps): {_NO_DOUBLE}, which this model needs: use device=cpu")
    return Device(device, f"device: {device_name(device)} (as requested)")


def resolve_hardware(
    trainer: dict[str, Any], *, channels_last: bool | str, network: nn.Module, double_precision: bool = False
) -> Hardware:
    """Resolves `auto` values of a trainer configuration; explicit values are kept.

    Raises:
        ZooError: more GPUs are requested than available, or an unsupported memory layout.
    """
    if not torch.cuda.is_available():
        # Lightning sets it to 1; Adam checks for a GPU at every step and would load NVML each time.
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"
    accelerator, reasons = _accelerator(trainer["accelerator"], double_precision)
    on_gpu = accelerator in ("gpu", "cuda")
    devices = _devices(trainer["devices"], on_gpu)
    if not on_gpu and isinstance(devices, int) and devices > cores():
        reasons.append(f"devices: {devices} processes (as requested; slower than {cores()}, the cores there are)")
    precision, why_precision = _precision(str(trainer["precision"]), on_gpu)
    layout, why_layout = _layout(channels_last, network, sharded=isinstance(trainer.get("strategy"), dict))
    return Hardware(
        accelerator=accelerator,
        devices=devices,
        precision=precision,
        channels_last=layout,
        reasons=[*reasons, why_precision, why_layout],
    )


def _accelerator(accelerator: str, double_precision: bool) -> tuple[str, list[str]]:
    if accelerator == "auto":
        chosen = resolve_device("auto", double_precision=double_precision)
        return chosen.accelerator, [chosen.reason]
    if accelerator == "mps":
        return accelerator, [resolve_device("mps", double_precision=double_precision).reason]
    if accelerator in ("gpu", "cuda") and not torch.cuda.is_available():
        raise ZooError(
            f"`trainer.accelerator` (={accelerator}) needs a CUDA device and none was found: "
            "use trainer=auto or trainer=cpu"
        )
    return accelerator, [f"device: {accelerator} (as requested)"]


def _devices(devices: Any, on_gpu: bool) -> Any:
    if devices == "auto":
        return 1
    if on_gpu:
        required = max(devices) + 1 if isinstance(devices, list) else devices
        if isinstance(required, int) and required > torch.cuda.device_count():
            raise ZooError(f"`trainer.devices` (={devices}) is more than the {torch.cuda.device_count()} there are")
    elif devices == -1:
        raise ZooError(
            "`trainer.devices` (=-1) means all GPUs and none was found: trainer.devices=2 takes CPU processes"
        )
    elif isinstance(devices, int) and devices > _MOST_PER_CORE * cores():
        raise ZooError(f"`trainer.devices` (={devices}) would start {devices} processes on {cores()} CPU cores")
    return devices


def _precision(precision: str, on_gpu: bool) -> tuple[str, str]:
    if precision == "auto":
        if on_gpu and torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16-mixed", "precision: bf16-mixed (the device computes in bfloat16)"
        if not on_gpu and cpu_has_units("bf16"):
            return (
                "32-true",
                "precision: 32-true (this CPU has units for bfloat16: bf16-mixed may be faster)",
            )
        return "32-true", "precision: 32-true (the device has no fast bfloat16)"
    if "16" in precision and not on_gpu and not cpu_has_units("bf16" if "bf16" in precision else "fp16"):
        return precision, f"precision: {precision} (as requested; slower here: this CPU has no units for it)"
    if "bf16" in precision and on_gpu and not torch.cuda.is_bf16_supported(including_emulation=False):
        slow = "slower here: this GPU only emulates bfloat16; 16-mixed is fast"
        return precision, f"precision: {precision} (as requested; {slow})"
    return precision, f"precision: {precision} (as requested)"


def cpu_has_units(kind: Literal["bf16", "fp16"]) -> bool:
    """Whether this CPU computes in a 16-bit type by itself, as Linux says."""
    flags = _CPU_FLAGS.read_text() if _CPU_FLAGS.is_file() else ""
    return f"avx512_{kind}" in flags or f"amx_{kind}" in flags


def _layout(channels_last: bool | str, network: nn.Module, *, sharded: bool) -> tuple[bool, str]:
    if channels_last not in (True, False, "auto"):
        raise ZooError(f"`channels_last` (={channels_last}) must be true, false or auto")
    if sharded:  # trainer=fsdp
        if channels_last is True:
            raise ZooError("`channels_last` (=true): trainer=fsdp shards channels-first weights only; leave it out")
        return False, "memory layout: channels-first (the only one of sharded weights)"
    if channels_last != "auto":
        return bool(
            channels_last
        ), f"memory layout: {'channels-last' if channels_last else 'channels-first'} (as requested)"
    if bool(getattr(network, "channels_last", False)):
        return True, "memory layout: channels-last (faster for this network)"
    return False, "memory layout: channels-first (channels-last is no faster for this network)"


def check_sync_batchnorm(trainer: dict[str, Any], hardware: Hardware, network: nn.Module) -> None:
    """Checks that synchronized batch norms run on GPUs; PyTorch reports this only during training.

    Raises:
        ZooError: the network has batch norms, to be synchronized between CPU processes.
    """
    synchronized = trainer.get("sync_batchnorm") and trainer.get("strategy") is not None
    norms = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())
    if synchronized and norms and hardware.accelerator == "cpu":
        raise ZooError(
            "`trainer.sync_batchnorm` (=true) works between GPUs alone: on the CPU give trainer.sync_batchnorm=false"
        )


def device_name(device: torch.device) -> str:
    """The display name of a device."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return f"MPS {platform.machine()}"
    return f"CPU {platform.machine()}, {_threads()}"


def _threads() -> str:
    count = torch.get_num_threads()
    return f"{count} thread{'s' if count > 1 else ''}"
