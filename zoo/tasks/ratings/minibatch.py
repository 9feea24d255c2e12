"""Sparse updates of a batch in torch, with hand-written gradients, on any device."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, distributed

from zoo.losses.ratings import RatingLoss
from zoo.networks.matrix_factorization import MatrixFactorization
from zoo.ops.row_adagrad import row_adagrad, sum_rows
from zoo.tasks.ratings.optimizer import RowAdagrad


class Gradients(NamedTuple):
    """The rows of a batch, and the gradient of the sum of its losses and penalties for each entry."""

    users: Int[Tensor, " b"]
    items: Int[Tensor, " c"]
    p: Float[Tensor, "b k"]
    q: Float[Tensor, "c k"]
    user_bias: Float[Tensor, " b"]
    item_bias: Float[Tensor, " c"]
    loss: Float[Tensor, ""]
    """The mean loss, without penalties."""


@torch.no_grad()
def gradients(
    network: MatrixFactorization,
    loss: RatingLoss,
    users: Int[Tensor, " b"],
    items: Int[Tensor, " b"],
    ratings: Float[Tensor, " b"],
    rivals: Int[Tensor, " b"] | None,
) -> Gradients:
    """The gradients of a batch, without L1; `rivals` are the unobserved items of a pairwise loss."""
    p, q = network.users[users], network.items[items]
    scores = network(users, items)
    if rivals is not None:
        scores = scores - network(users, rivals)
        ratings = torch.ones_like(scores)
    ratings = ratings.to(scores.dtype)
    z = loss.slope(scores, ratings)
    rows, q_all, towards = items, q, z[:, None] * q
    zs = z
    if rivals is not None:
        other = network.items[rivals]
        towards = z[:, None] * (q - other)
        rows, q_all, zs = torch.cat([items, rivals]), torch.cat([q, other]), torch.cat([z, -z])
    p_all = p if rivals is None else torch.cat([p, p])
    user_bias, item_bias = z.new_zeros(len(z)), z.new_zeros(len(zs))
    if network.user_bias is not None and network.item_bias is not None:
        if rivals is None:  # the bias of a user cancels in a difference
            user_bias = loss.l2 * network.user_bias[users] - z
        item_bias = loss.item_l2 * network.item_bias[rows] - zs
    return Gradients(
        users,
        rows,
        loss.l2 * p - towards,
        loss.item_l2 * q_all - zs[:, None] * p_all,
        user_bias,
        item_bias,
        loss(scores, ratings),
    )


def gather(found: Gradients) -> Gradients:
    """The rows and gradients of all processes, one after the other; the loss stays that of this process."""
    return found._replace(**{name: _gather(getattr(found, name)) for name in Gradients._fields if name != "loss"})


def _gather(values: Tensor) -> Tensor:
    """Concatenates a tensor of all processes, which may have different lengths."""
    sizes = [torch.zeros(1, dtype=torch.long, device=values.device) for _ in range(distributed.get_world_size())]
    distributed.all_gather(sizes, torch.tensor([len(values)], device=values.device))
    padded = values.new_zeros(int(torch.stack(sizes).max()), *values.shape[1:])
    padded[: len(values)] = values
    parts = [torch.empty_like(padded) for _ in sizes]
    distributed.all_gather(parts, padded)
    return torch.cat([part[: int(size)] for part, size in zip(parts, sizes, strict=True)])


def update(
    network: MatrixFactorization, loss: RatingLoss, optimizer: RowAdagrad, found: Gradients, *, rate: float
) -> None:
    """One AdaGrad step of the rows in a batch, with L1 as a soft threshold."""
    sides = (
        (network.users, network.user_bias, found.users, found.p, found.user_bias, loss.l1),
        (network.items, network.item_bias, found.items, found.q, found.item_bias, loss.item_l1),
    )
    for factors, bias, rows, gradient, bias_gradient, l1 in sides:
        # In one call, which has a GPU wait: the number of distinct rows is a size.
        distinct, totals, counts = sum_rows(rows, torch.cat([gradient, bias_gradient[:, None]], 1))
        total, bias_total = totals[:, :-1], totals[:, -1]
        shrink = l1 * counts if l1 else None
        nonnegative = network.nonnegative
        sums = optimizer.sums(factors)
        row_adagrad(factors.detach(), sums, distinct, total, rate, shrink=shrink, nonnegative=nonnegative)
        if bias is not None:
            row_adagrad(bias.detach(), optimizer.sums(bias), distinct, bias_total, rate)
