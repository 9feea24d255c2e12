"""Concatenates values over batches and processes."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


class Concatenated(Metric):
    """The values of all updates, concatenated along the first dimension in the order of ranks."""

    full_state_update = False
    values: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("values", default=[], dist_reduce_fx="cat")

    def update(self, values: Tensor) -> None:
        """Appends `values` [B …]."""
        self.values.append(values.detach())

    def compute(self) -> Tensor:
        """All values [N …]; [0] before the first update."""
        values: Any = self.values
        if isinstance(values, Tensor):  # already concatenated by torchmetrics' gather
            return values
        return torch.cat(values) if values else torch.empty(0)
