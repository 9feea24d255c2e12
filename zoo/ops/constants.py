"""Constants on the device of a tensor."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def constant(values: Sequence[Any], like: Tensor) -> Tensor:
    """Returns `like.new_tensor(values)`, without waiting for a GPU: the copy joins the queue of its work."""
    return torch.tensor(values, dtype=like.dtype).to(like.device, non_blocking=True)
