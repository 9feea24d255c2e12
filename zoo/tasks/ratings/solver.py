"""Chooses between the compiled solver and minibatches in torch."""

from importlib.util import find_spec
from typing import NamedTuple

import torch

from zoo.distribution import install_command
from zoo.errors import ZooError
from zoo.hardware import cores

SOLVERS = ("auto", "compiled", "torch")


class Solver(NamedTuple):
    """How training updates the factors, and the console line that says so."""

    compiled: bool
    threads: int
    reason: str


def resolve_solver(
    requested: str,
    threads: int | None,
    *,
    most: int,
    device: torch.device,
    processes: int,
    dtype: torch.dtype | str,
    row_adagrad: bool,
) -> Solver:
    """The compiled solver with at most `most` threads where it can run, and torch elsewhere.

    Raises:
        ZooError: the compiled solver is requested and cannot run.
    """
    missing = _obstacle(device, processes, dtype, row_adagrad=row_adagrad)
    if requested == "compiled" and missing is not None:
        raise ZooError(f"`model.solver` (=compiled) cannot run: {missing}; model.solver=torch can")
    if requested == "torch" or missing is not None:
        why = "model.solver=torch" if requested == "torch" else missing
        return Solver(False, 1, f"solver: minibatches in torch ({why})")
    count = max(min(cores() if threads is None else threads, most), 1)
    plural = "thread" if count == 1 else "threads"
    return Solver(True, count, f"solver: compiled SGD over blocks, {count} {plural} (the CPU and numba are there)")


def _obstacle(device: torch.device, processes: int, dtype: torch.dtype | str, *, row_adagrad: bool) -> str | None:
    if device.type != "cpu":
        return f"the compiled solver runs on the CPU, and the device is {device.type}"
    if processes > 1:
        return f"the compiled solver runs in one process, and there are {processes}"
    if dtype not in (torch.float32, torch.float64):
        return f"the compiled solver needs single or double precision, and the factors are {dtype}"
    if not row_adagrad:
        return "the compiled solver needs optimizer=row_adagrad_0.1, or another of RowAdagrad"
    if find_spec("numba") is None:
        return f"the compiled solver needs numba: {install_command('ratings')}"
    return None


def require_options(solver: str, threads: int | None) -> None:
    """Checks the options of the task.

    Raises:
        ZooError: an unknown solver, or fewer than one thread.
    """
    if solver not in SOLVERS:
        raise ZooError(f"`model.solver` (={solver}) must be one of: {', '.join(SOLVERS)}")
    if threads is not None and threads < 1:
        raise ZooError(f"`model.threads` (={threads}) must be at least 1, or null for all cores")
