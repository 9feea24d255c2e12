"""Keeps a process within the memory that is free, so that it fails before the system kills it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SPARE = 0.1
"""Part of the free memory that is left to others."""
_CGROUP = Path("/sys/fs/cgroup")


@contextmanager
def within_free_memory() -> Iterator[None]:
    """Limits the data of this process to what is free now (Linux); allocations beyond it raise out-of-memory errors."""
    free, used = free_memory(), _status("VmData")
    if free is None or used is None:
        yield
        return
    import resource  # not on Windows

    before = resource.getrlimit(resource.RLIMIT_DATA)
    limit = used + int((1 - _SPARE) * free)
    if before[0] != resource.RLIM_INFINITY:
        limit = min(limit, before[0])
    resource.setrlimit(resource.RLIMIT_DATA, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def free_memory() -> int | None:
    """Bytes that can be allocated, by the system and by the control group of this process; None if unknown."""
    known = [_meminfo(), _cgroup()]
    return min((value for value in known if value is not None), default=None)


def _meminfo() -> int | None:
    return _field(Path("/proc/meminfo"), "MemAvailable")


def _cgroup() -> int | None:
    with suppress(OSError, ValueError):
        most = int((_CGROUP / "memory.max").read_text())
        return max(most - int((_CGROUP / "memory.current").read_text()), 0)
    return None


def _status(name: str) -> int | None:
    return _field(Path("/proc/self/status"), name)


def _field(path: Path, name: str) -> int | None:
    with suppress(OSError):
        for line in path.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) << 10  # kB
    return None
