"""Watches a call: what it raises, its processor time and memory, and what Python's audit hooks report."""

import resource
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NamedTuple

SECONDS, MEMORY = 5.0, 1 << 30
_RUN = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "subprocess.Popen",
    "socket.connect",
    "socket.getaddrinfo",
)
_events: list[str] | None = None


class Outcome(NamedTuple):
    """What a call did."""

    kind: str
    """read, refused, traceback, hang, memory or code"""
    detail: str = ""


class _Hang(BaseException):
    """The call has used its processor time."""


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _events is not None and event in _RUN:
        _events.append(f"{event} {arguments}"[:200])


sys.addaudithook(_hook)


def _hang(_: int, __: FrameType | None) -> None:
    raise _Hang


def watched(call: Callable[[], object]) -> Outcome:
    """Calls in the main thread. A ZooError of one line, and exit codes 1 and 2, are a refusal."""
    global _events
    from zoo.errors import ZooError

    before = _peak(reset=True)
    signal.signal(signal.SIGVTALRM, _hang)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    _events = []
    try:
        call()
        outcome = Outcome("read")
    except ZooError as error:
        outcome = Outcome("refused", str(error)) if "\n" not in str(error) else Outcome("traceback", repr(str(error)))
    except _Hang:
        outcome = Outcome("hang", traceback.format_exc(limit=-6))
    except SystemExit as end:
        outcome = Outcome("refused" if end.code in (1, 2) else "read")
    except BaseException:
        outcome = Outcome("traceback", traceback.format_exc(limit=-6))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        events, _events = _events, None
    if events:
        return Outcome("code", "; ".join(events))
    if _peak() - before > MEMORY:
        return Outcome("memory", f"{(_peak() - before) >> 20} MiB; {outcome.detail}")
    return outcome


def _peak(*, reset: bool = False) -> int:
    """The peak memory in bytes, since the last reset where the system can do that."""
    if reset:
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
