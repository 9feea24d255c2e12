"""How much a network computes: floating-point operations of one forward pass, by torch's own counter."""

import json
from functools import lru_cache
from typing import Any

import torch
from lightning_fabric.utilities.throughput import measure_flops

from zoo.config.instantiate import instantiate
from zoo.tasks.base import Task

Shape = tuple[int, ...]


def forward_flops(task: Task) -> int | None:
    """Operations of a forward pass of one sample of the task's data, 2 for a multiply-add.

    None where the task does not know its data, or the network does what only real numbers allow.
    """
    shapes = _one_sample(task)
    if shapes is None or "network" not in task.config:
        return None
    try:
        return count_flops(task.config["network"], *shapes)
    except Exception:  # a network of the user's own may do anything; no figure is no reason to stop
        return None


def count_flops(network: dict[str, Any], *shapes: Shape) -> int:
    """Operations of the network of a completed configuration over inputs of these shapes; nothing is computed."""
    return _count(json.dumps(network), shapes)


@lru_cache
def _count(network: str, shapes: tuple[Shape, ...]) -> int:
    """Cached, because what is printed, the callback and `metrics.json` ask for the same."""
    with torch.device("meta"), torch.no_grad():
        built = instantiate(json.loads(network)).eval()
        inputs = [torch.empty(shape) for shape in shapes]
        return measure_flops(built, lambda: built(*inputs))


def _one_sample(task: Task) -> tuple[Shape, ...] | None:
    card = task.card
    if "preprocessing" in card:
        image = card["preprocessing"]
        return ((1, image["channels"], image["size"], image["size"]),)
    if "context" not in card:
        return None
    history = (1, card["context"], len(card["targets"]) + len(card["covariates"]))
    known = task.config.get("network", {}).get("known_channels", 0)
    return (history, (1, card["context"] + card["horizon"], known)) if known else (history,)
