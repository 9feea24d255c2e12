"""Keeps what a stage produced, in order, over all processes."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


class Concatenated(Metric):
    """All values given to `update`, concatenated along the first dimension, rank after rank."""

    full_state_update = False
    values: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("values", default=[], dist_reduce_fx="cat")

    def update(self, values: Tensor) -> None:
        """Keeps `values` [B …]."""
        self.values.append(values.detach())

    def compute(self) -> Tensor:
        """All values [N …]; empty [0] when there were none."""
        values: Any = self.values
        if isinstance(values, Tensor):  # already concatenated by the gathering of several processes
            return values
        return torch.cat(values) if values else torch.empty(0)
