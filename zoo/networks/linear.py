"""A linear model whose weights are solved for instead of trained."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError


class LinearModel(nn.Module):
    """Weights and biases in double precision, without gradients: 0 until a task solves for them."""

    heads = ("head",)

    def __init__(self, *, num_classes: int = 2, in_features: int = 30, categories: Sequence[int] = ()) -> None:
        super().__init__()
        inputs = in_features + sum(categories)
        if inputs < 1 or num_classes < 1:
            raise ZooError(
                f"a linear model of {inputs} inputs and {num_classes} outputs is none: both must be at least 1"
            )
        self.in_features = in_features
        self.categories = list(categories)
        self.head = nn.Linear(inputs, num_classes, dtype=torch.float64).requires_grad_(False)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, rows: Float[Tensor, "b f"]) -> Float[Tensor, "b k"]:
        """Returns one output for each class."""
        outputs: Tensor = self.head(rows.to(self.head.weight.dtype))
        return outputs
