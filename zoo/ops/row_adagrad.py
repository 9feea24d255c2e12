"""AdaGrad with one accumulator per row, as LIBMF uses it, in torch."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


@torch.no_grad()
def row_adagrad(
    values: Tensor,
    sums: Float[Tensor, " n"],
    rows: Int[Tensor, " r"],
    gradient: Tensor,
    rate: float,
    *,
    shrink: Float[Tensor, " r"] | None = None,
    nonnegative: bool = False,
) -> None:
    """Updates `rows` of `values` [n k] or [n] in place with their `gradient` [r k] or [r].

    A step is rate·gradient / √sum; the sum of a row then grows by its mean squared gradient. `shrink` soft-thresholds
    each row by shrink·rate / √sum, the proximal step of an L1 penalty; `nonnegative` clamps at 0.
    """
    steps = rate * sums[rows].rsqrt()
    flat = gradient.reshape(len(rows), -1)
    new = values[rows].reshape(len(rows), -1) - steps[:, None] * flat
    if shrink is not None:
        new = torch.sign(new) * (new.abs() - (steps * shrink)[:, None]).clamp(min=0)
    if nonnegative:
        new = new.clamp(min=0)
    values[rows] = new.reshape(gradient.shape)
    sums[rows] += flat.square().mean(1)


def sum_rows(rows: Int[Tensor, " b"], gradients: Tensor) -> tuple[Int[Tensor, " r"], Tensor, Float[Tensor, " r"]]:
    """The distinct rows in a batch, the sum of the gradients [b k] or [b] of each, and the number of its entries."""
    distinct, places, counts = torch.unique(rows, return_inverse=True, return_counts=True)
    total = gradients.new_zeros(len(distinct), *gradients.shape[1:])
    return distinct, total.index_add_(0, places, gradients), counts.to(gradients.dtype)
