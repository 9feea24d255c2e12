"""Stops a command on SIGINT, SIGTERM, SIGHUP or SIGUSR1 (SLURM's warning), with exit code 128 plus the signal's number.

The first signal stops the command at once, or after the current step while training has called `defer`. The second one
ends the process without cleaning up. Python runs signal handlers in the main thread only, between two of its
instructions. A thread therefore ends a process that waits in a collective operation for others. The handlers stay until
the process has ended, since a signal may come while the interpreter shuts down.
"""

import atexit
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

STOPPING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)]
_OF_TERMINALS = [signal.SIGINT]  # sent to all processes of a terminal, data workers included
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else `nohup` has started us
    STOPPING.append(signal.SIGHUP)
    _OF_TERMINALS.append(signal.SIGHUP)
_FORWARDED = getattr(signal, "SIGUSR2", signal.SIGTERM)  # from a process to the one that started it for DDP
_LEADER = "ZOO_LEADER"  # environment variable: the process that starts others for DDP
_ECHO = 0.25  # seconds in which a signal is the same one again: torchrun passes a Ctrl-C on to those that have had it
_PATIENCE = 20.0  # seconds without progress, after which a process that was to stop is ended


class Stopped(SystemExit):
    """A signal stops this command; `advice` is for the user."""

    def __init__(self, number: int, advice: str = "what was written stays") -> None:
        # Lightning kills all processes if one that it has started ends with another code than 0.
        super().__init__(0 if _state.leader else 128 + number)
        self.number = number
        self.advice = advice
        _state.stopped = True


@dataclass
class _State:
    active: bool = False
    """Within `handled`."""
    received: int = 0
    """The signal to stop for; 0: none."""
    deferred: bool = False
    stopped: bool = False
    """`Stopped` was raised."""
    processes: int = 1
    progress: float = 0.0
    """Time of the last sign of life."""
    leader: int | None = None
    """The process that has started this one for DDP."""


_state = _State()
_undo = ExitStack()


@contextmanager
def handled() -> Iterator[None]:
    """Handles the signals in this block of the main thread; after it, a signal ends the process at once.

    `release` gives them back in a process that goes on.
    """
    global _state
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    release()
    _state = _State(active=True, leader=_leader())
    for number in (*STOPPING, _FORWARDED):
        _undo.callback(signal.signal, number, signal.getsignal(number))
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    _undo.callback(os.close, writing)  # ends the thread
    _undo.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(writing, warn_on_full_buffer=False))
    _undo.callback(atexit.unregister, _leave)
    atexit.register(_leave)
    install()
    threading.Thread(target=_watch, args=(reading,), daemon=True, name="signals").start()
    try:
        yield
        if _state.received:
            raise Stopped(_state.received)  # the first one was raised where Python ignores exceptions
    finally:
        _state.active = False


def release() -> None:
    """Gives the signals back to the handlers from before `handled`."""
    global _state
    _undo.close()
    _state = _State()


def install() -> None:
    """Sets the handlers again within `handled`: those of Lightning broadcast, and so may wait for ever."""
    if _state.active and signal.getsignal(signal.SIGTERM) is not _handle:
        for number in (*STOPPING, _FORWARDED):
            signal.signal(number, _handle)


def lead() -> None:
    """Declares this process the leader of those that it will start for DDP: they pass their signals on to it."""
    if _state.leader is None:
        os.environ[_LEADER] = str(os.getpid())


def defer(processes: int) -> None:
    """Leaves it to the caller to stop when `requested` returns a signal; `processes` train together."""
    _state.deferred, _state.processes = True, processes


def resume() -> None:
    """Stops at once from here on."""
    _state.deferred = False


def requested() -> int:
    """The number of the signal to stop for, or 0; calling it is a sign of life."""
    if _state.received:
        _state.progress = time.monotonic()
    return _state.received


def overdue() -> bool:
    """Whether a signal came so long ago that a scheduler may kill the process soon."""
    return bool(_state.received) and time.monotonic() - _state.progress > _PATIENCE / 2


def survive_first(_: int = 0) -> None:
    """Ignores the first SIGTERM, which a scheduler sends to data workers too; the main process still needs them."""
    signal.signal(signal.SIGTERM, lambda *_: signal.signal(signal.SIGTERM, signal.SIG_DFL))


def _handle(number: int, frame: FrameType | None) -> None:
    if _state.leader or (number == _FORWARDED and _state.received):
        return
    if not (_state.active or _state.received):
        _end(number, "ended")
    _state.received = _state.received or (signal.SIGTERM if number == _FORWARDED else number)
    _state.progress = time.monotonic()
    if not _state.deferred and not _state.stopped:
        raise Stopped(_state.received)


def _watch(reading: int) -> None:
    """Ends the process on a second signal, without progress after the first, or without its leader."""
    leader = _state.leader
    numbers: list[int] = []
    since = 0.0
    while True:
        waiting = 1.0 if leader or since else None
        if select.select([reading], [], [], waiting)[0]:
            if not (read := os.read(reading, 64)):
                os.close(reading)
                return
            ours = [number for number in read if number in (*STOPPING, _FORWARDED)]  # not of a data worker that ended
            if ours and time.monotonic() - since > _ECHO:
                numbers += [number for number in ours if number in STOPPING][:1]
                since = since or time.monotonic()
        if leader is not None:
            if numbers and os.getppid() == leader:
                os.kill(leader, _FORWARDED)
                numbers, since = [], 0.0
            if os.getppid() != leader:
                os._exit(128 + signal.SIGTERM)
        elif len(numbers) > 1:
            _end(numbers[-1], "stopped at once")
        elif since and time.monotonic() - max(since, _state.progress) > _PATIENCE and _may_wait_for_others():
            _end(numbers[0] if numbers else signal.SIGTERM, f"no progress for {_PATIENCE:.0f} s: ended")


def _may_wait_for_others() -> bool:
    """Whether the process may hang; a long step of one process ends by itself."""
    return not _state.deferred or _state.processes > 1


def _end(number: int, what: str) -> None:
    with suppress(OSError):
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"\n{what}; what was written stays\n".encode())
    os._exit(128 + number)


def _leave() -> None:
    """Ends a stopped process before the interpreter sets the handlers back; it runs as the last of `atexit`."""
    if not _state.received:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)  # the command has done its work
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(0 if _state.leader else 128 + _state.received)


def _leader() -> int | None:
    parent = os.getppid()
    started = os.environ.get(_LEADER) == str(parent) and os.environ.get("LOCAL_RANK", "0") != "0"
    return parent if started else None


def _after_fork() -> None:
    """A forked process, such as a data worker, leaves its terminal to its parent and does not wake its thread."""
    if signal.getsignal(signal.SIGTERM) is _handle:
        signal.set_wakeup_fd(-1)
        atexit.unregister(_leave)
        for number in (*STOPPING, _FORWARDED):
            signal.signal(number, signal.SIG_IGN if number in _OF_TERMINALS else signal.SIG_DFL)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
