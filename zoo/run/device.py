"""The device of a command: moving a task to it, and what to do when its memory is full."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from zoo.errors import ZooError
from zoo.full_memory import is_out_of_memory
from zoo.hardware import resolve_device
from zoo.tasks.base import Task

_NOT_DETERMINISTIC = re.compile(r"(\S+) does not have a deterministic implementation")


def move_to(task: Task, requested: str) -> Task:
    """Moves a task to the requested device and prints which it is.

    Raises:
        ZooError: no such device.
    """
    chosen = resolve_device(requested, double_precision=task.double_precision)
    print(chosen.reason)
    return task.to(chosen.device)


@contextmanager
def explain_full_memory(key: str, batch_size: int | None) -> Iterator[None]:
    """Turns an out-of-memory error into one line with the option of the batch size, `key`, and a smaller value.

    Raises:
        ZooError: the device has too little memory.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError and that of cuDNN are RuntimeErrors
        if isinstance(error, RuntimeError) and not is_out_of_memory(error):
            raise
        if batch_size is None:
            raise ZooError(f"the device is out of memory: try {key}=8, or device=cpu") from None
        smaller = f"try {key}={batch_size // 2}" if batch_size > 1 else "take smaller images or a smaller network"
        raise ZooError(f"the device is out of memory with {key}={batch_size}: {smaller}") from None


@contextmanager
def explain_missing_determinism() -> Iterator[None]:
    """Turns PyTorch's error for an operation that cannot repeat its bits into one line that names it.

    Raises:
        ZooError: `deterministic=true`, and an operation without a deterministic form.
    """
    try:
        yield
    except RuntimeError as error:
        if (operation := _NOT_DETERMINISTIC.match(str(error))) is None:
            raise
        raise ZooError(
            f"deterministic=true: PyTorch's {operation[1]} has no deterministic form on this device; leave it out, or "
            "train with trainer=cpu"
        ) from None
