"""One pass of compiled parallel SGD over the grid of training ratings (FPSG)."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from torch import Tensor

from zoo.data.ratings.grid import Grid
from zoo.losses.ratings import RatingLoss
from zoo.networks.matrix_factorization import MatrixFactorization
from zoo.ops.block_schedule import BlockSchedule
from zoo.ops.factor_kernels import sweep, sweep_pairs
from zoo.tasks.ratings.optimizer import RowAdagrad


def compiled_pass(
    network: MatrixFactorization,
    loss: RatingLoss,
    optimizer: RowAdagrad,
    grid: Grid,
    *,
    rate: float,
    seed: int,
    threads: int,
) -> float:
    """Updates the network in place with every training rating once; returns the mean loss before each update.

    The result depends on `seed`, not on the number of threads.
    """
    p, q = _array(network.users), _array(network.items)
    gp, gq = _array(optimizer.sums(network.users)), _array(optimizer.sums(network.items))
    none = np.empty(0, p.dtype)
    b, c, gb, gc = none, none, none, none
    if network.user_bias is not None and network.item_bias is not None:
        b, c = _array(network.user_bias), _array(network.item_bias)
        gb, gc = _array(optimizer.sums(network.user_bias)), _array(optimizer.sums(network.item_bias))
    rates = np.array([rate, loss.l1, loss.item_l1, loss.l2, loss.item_l2], p.dtype)
    flags = (network.biases, network.nonnegative)
    users, items, ratings = (np.asarray(grid.columns.named()[name]) for name in ("users", "items", "ratings"))
    schedule = BlockSchedule(grid.bands, seed)

    def work() -> float:
        total = 0.0
        try:
            for user_band, item_band in schedule:
                block = user_band * grid.bands + item_band
                span = (int(grid.starts[block]), int(grid.starts[block + 1]))
                if loss.pairwise:
                    candidates = (int(grid.item_edges[item_band]), int(grid.item_edges[item_band + 1]))
                    draws = seed * 1_000_003 + block
                    total += sweep_pairs(users, items, *span, *candidates, p, q, c, gp, gq, gc, flags, rates, draws)
                else:
                    adagrad = (p, q, b, c, gp, gq, gb, gc)
                    total += sweep(users, items, ratings, *span, *adagrad, flags, loss.code, network.mean, rates)
        except BaseException:
            schedule.fail()
            raise
        return total

    if threads == 1:
        return work() / len(grid)
    with ThreadPoolExecutor(threads) as pool:
        return sum(job.result() for job in [pool.submit(work) for _ in range(threads)]) / len(grid)


def _array(values: Tensor) -> np.ndarray:
    """The values of a tensor on the CPU, sharing its memory."""
    shared: np.ndarray = values.detach().numpy()
    return shared
