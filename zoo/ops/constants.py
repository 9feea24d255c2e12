"""Constants on a device, without waiting for a GPU: the copy joins the queue of its work."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_KEPT: dict[tuple[Any, ...], Tensor] = {}


def constant(values: tuple[Any, ...], device: torch.device, dtype: torch.dtype = torch.float32) -> Tensor:
    """Returns a tensor of `values`, which a GPU keeps after the first call; do not change it."""
    if device.type == "cpu":
        return torch.tensor(values, dtype=dtype)
    key = (values, device, dtype)
    if (kept := _KEPT.get(key)) is not None:
        return kept
    with torch.inference_mode(False):  # training may save it for a gradient
        made = uploaded(values, device, dtype)
    if type(made) is Tensor:  # not a fake one of an exporter
        _KEPT[key] = made
    return made


def uploaded(values: Sequence[Any], device: torch.device, dtype: torch.dtype) -> Tensor:
    """Returns a new tensor of `values`."""
    return torch.tensor(values, dtype=dtype).to(device, non_blocking=True)
