"""A GRU layer with faster training on CPUs."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.ops.gru import gru_layer


class FastGRU(nn.GRU):
    """A drop-in replacement of `torch.nn.GRU` that trains with `zoo.ops.gru` on a CPU with `batch_first`.

    Weights and outputs are those of `torch.nn.GRU`, which handles all other calls: GPUs, evaluation, lower precision,
    an initial state, export, torch.func and torch.jit.trace. torch.compile skips the layer. No double backward,
    forward-mode AD or TorchScript; use `torch.nn.GRU` for those.
    """

    def forward(  # type: ignore[override]
        self, inputs: Float[Tensor, "b t i"], state: Float[Tensor, "n _ h"] | None = None
    ) -> tuple[Float[Tensor, "b t o"], Float[Tensor, "n _ h"]]:
        """Returns the states of the last layer after each step, and the final state of each layer."""
        outcome: tuple[Tensor, Tensor]
        if torch.compiler.is_exporting():
            outcome = nn.GRU.forward(self, inputs, state)  # torch.export fails on super()
        else:
            outcome = self._uncompiled(inputs, state)
        return outcome

    @torch.compiler.disable  # torch.compile splits the loop into fragments: four times slower on a CPU
    def _uncompiled(self, inputs: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        if not self._covers(inputs, state):
            outcome: tuple[Tensor, Tensor] = super().forward(inputs, state)
            return outcome
        states, last = inputs.transpose(0, 1), []
        first = inputs.new_zeros(len(inputs), self.hidden_size)
        directions = 2 if self.bidirectional else 1
        weights: list[Any] = self.all_weights
        for layer in range(self.num_layers):
            if layer:
                states = F.dropout(states, self.dropout)
            forward = gru_layer(states, first, *weights[directions * layer])
            last.append(forward[-1])
            if self.bidirectional:
                backward = gru_layer(states.flip(0), first, *weights[directions * layer + 1])
                last.append(backward[-1])
                forward = torch.cat([forward, backward.flip(0)], dim=2)
            states = forward
        return states.transpose(0, 1), torch.stack(last)

    def _covers(self, inputs: Tensor, state: Tensor | None) -> bool:
        """Returns whether `zoo.ops.gru` applies; `torch.nn.GRU` handles all other calls, and reports invalid inputs."""
        if not isinstance(inputs, Tensor) or state is not None:
            return False
        learns = self.training and torch.is_grad_enabled()
        form = self.batch_first and self.bias
        shape = inputs.ndim == 3 and inputs.shape[1] > 0 and inputs.shape[2] == self.input_size
        full_precision = inputs.dtype in (torch.float32, torch.float64) and not torch.is_autocast_enabled("cpu")
        placed = inputs.device.type == "cpu" and inputs.dtype == self.weight_ih_l0.dtype
        transformed = torch.jit.is_tracing() or torch._C._are_functorch_transforms_active()
        return learns and form and shape and full_precision and placed and not transformed
