"""AdaGrad with one accumulator per row of a parameter."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from zoo.ops.row_adagrad import row_adagrad


class RowAdagrad(Optimizer):
    """AdaGrad whose accumulator is the mean squared gradient of a row, from 1 on, as in LIBMF.

    `step` first calls the closure, which may update parameters itself with `sums`, as compiled and sparse updates do;
    parameters with a gradient are updated then.

    Raises:
        ValueError: a learning rate that is not positive.
    """

    def __init__(self, params: Iterable[Any], lr: float) -> None:
        if not lr > 0:
            raise ValueError(f"lr (={lr}) must be positive")
        super().__init__(params, {"lr": lr})

    def sums(self, parameter: Tensor) -> Tensor:
        """The accumulators [rows] of a parameter."""
        state = self.state[parameter]
        if "sums" not in state:
            state["sums"] = torch.ones(len(parameter), dtype=parameter.dtype, device=parameter.device)
        found: Tensor = state["sums"]
        return found

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Calls the closure and updates each parameter that has a gradient; returns the closure's value."""
        with torch.enable_grad():
            loss = closure() if closure is not None else None
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    rows = torch.nonzero(parameter.grad.reshape(len(parameter), -1).any(1))[:, 0]
                    gradient = parameter.grad[rows]
                    row_adagrad(parameter.detach(), self.sums(parameter), rows, gradient, group["lr"])
        return loss
