"""Seconds and memory that a piece of work costs."""

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
    """Seconds of a piece of work."""

    cpu: float
    """Of all threads of this process."""
    wall: float


class Clock:
    """Measures what runs between `start` and `stop`, the work on its GPU included."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._started: Spent | None = None

    @property
    def running(self) -> bool:
        """Whether it was started."""
        return self._started is not None

    def start(self) -> None:
        """Starts at zero."""
        self._wait()
        self._started = Spent(time.process_time(), time.perf_counter())

    def stop(self) -> Spent:
        """Seconds since the start."""
        self._wait()
        assert self._started is not None
        spent = Spent(time.process_time() - self._started.cpu, time.perf_counter() - self._started.wall)
        self._started = None
        return spent

    def time(self, function: Callable[[], object], calls: int = 1) -> Spent:
        """Seconds of one call, the mean of `calls` in a row."""
        self.start()
        for _ in range(calls):
            function()
        spent = self.stop()
        return Spent(spent.cpu / calls, spent.wall / calls)

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


class Memory:
    """The most memory, in MiB, that is in use between `start` and `stop` beyond what was at the start.

    On a GPU its allocator's count; else the resident set of this process, which only Linux tells.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._before = 0.0

    def start(self) -> None:
        """Hands unused memory back to the system, so that it is counted again, and notes what is in use."""
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
        """MiB; None where the system does not tell."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / _MIB - self._before
        return max(resident("VmHWM") - self._before, 0.0) if _CLEAR.exists() else None

    def of(self, function: Callable[[], object]) -> float | None:
        """What one call takes at its peak."""
        self.start()
        function()
        return self.stop()


def resident(key: str) -> float:
    """MiB of this process in memory, now (`VmRSS`) or at most so far (`VmHWM`), as Linux alone tells.

    A child starts from nothing here; the peak of `getrusage` starts from that of the process which started it.
    """
    lines = _STATUS.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))
