"""Measures CPU time, wall time and peak memory."""

import ctypes
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_MIB = 2**20


class Spent(NamedTuple):
    """Seconds that a measured call took."""

    cpu: float
    """Summed over all threads of this process."""
    wall: float


def now() -> Spent:
    """Returns the readings of both clocks, of which differences count."""
    return Spent(time.process_time(), time.perf_counter())


def since(start: Spent) -> Spent:
    """Returns the seconds since `start`, as `now` gave it."""
    end = now()
    return Spent(end.cpu - start.cpu, end.wall - start.wall)


class Clock:
    """Measures the time between `start` and `stop`, including the work on the GPU."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._started: Spent | None = None

    @property
    def running(self) -> bool:
        """Whether `start` was called without `stop`."""
        return self._started is not None

    def start(self) -> None:
        """Starts a measurement."""
        self._wait()
        self._started = now()

    def stop(self) -> Spent:
        """Returns the seconds since `start`."""
        self._wait()
        assert self._started is not None
        spent = since(self._started)
        self._started = None
        return spent

    def time(self, function: Callable[[], object], calls: int = 1) -> Spent:
        """Returns the mean seconds of a call, over `calls` consecutive ones."""
        self.start()
        for _ in range(calls):
            function()
        spent = self.stop()
        return Spent(spent.cpu / calls, spent.wall / calls)

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


class Memory:
    """Measures the peak memory between `start` and `stop`, in MiB above that at `start`.

    On a GPU: memory of PyTorch's allocator. On a CPU: resident set of this process, which only Linux reports.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._before = 0.0

    def start(self) -> None:
        """Returns unused memory to the system, resets the peak, and records the memory in use."""
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            self._before = torch.cuda.memory_allocated(self.device) / _MIB
        elif _CLEAR.exists():
            libc = ctypes.CDLL(None)
            if hasattr(libc, "malloc_trim"):
                libc.malloc_trim(0)
            _CLEAR.write_text("5")  # resets the high-water mark; see proc(5)
            self._before = resident("VmRSS")

    def stop(self) -> float | None:
        """Returns the peak in MiB; None if the system does not report it."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / _MIB - self._before
        return max(resident("VmHWM") - self._before, 0.0) if _CLEAR.exists() else None

    def of(self, function: Callable[[], object]) -> float | None:
        """Returns the peak of one call in MiB."""
        self.start()
        function()
        return self.stop()


def resident(key: str) -> float:
    """Returns the resident memory of this process in MiB: current (`VmRSS`) or peak (`VmHWM`). Linux only.

    This peak starts at zero in a child process; that of `getrusage` is inherited from the parent.
    """
    lines = _STATUS.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))
