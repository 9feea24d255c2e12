"""Counts the floating-point operations of a forward pass."""

import json
from functools import lru_cache
from typing import Any

import torch
from lightning_fabric.utilities.throughput import measure_flops
from torch import Tensor

from zoo.config.instantiate import instantiate
from zoo.tasks.base import Task

Spec = tuple[tuple[int, ...], torch.dtype]


def forward_flops(task: Task) -> int | None:
    """FLOPs of a forward pass of one sample; a multiply-add counts as 2.

    None if the task does not know its data, or if the network cannot run on the meta device.
    """
    with torch.device("meta"):
        inputs = task.example_inputs()
    if inputs is None or "network" not in task.config:
        return None
    try:
        return count_flops(task.config["network"], *inputs)
    except Exception:  # a user's network may raise anything; FLOPs are optional
        return None


def count_flops(network: dict[str, Any], *inputs: Tensor) -> int:
    """FLOPs of the network of a completed configuration, counted on the meta device for inputs of these shapes."""
    return _count(json.dumps(network), tuple((tuple(tensor.shape), tensor.dtype) for tensor in inputs))


@lru_cache  # used by the console, the callback and metrics.json
def _count(network: str, specs: tuple[Spec, ...]) -> int:
    with torch.device("meta"), torch.no_grad():
        built = instantiate(json.loads(network)).eval()
        inputs = [torch.empty(shape, dtype=dtype) for shape, dtype in specs]
        return measure_flops(built, lambda: built(*inputs))
