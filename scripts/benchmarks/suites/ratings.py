"""Updates of matrix factorization; peers: two embeddings with autograd, and LIBMF.

An update is one rating's step of its user's and its item's factors. The note has millions of them by the CPU second.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import nn

from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.timing import Measured, alone, compare
from zoo.data.ratings.columns import Columns
from zoo.data.ratings.grid import Grid, build_grid
from zoo.losses.ratings import SquaredError
from zoo.networks.matrix_factorization import MatrixFactorization
from zoo.tasks.ratings import minibatch
from zoo.tasks.ratings.compiled import compiled_pass
from zoo.tasks.ratings.optimizer import RowAdagrad

USERS, ITEMS, RATINGS = 20_000, 5_000, 2_000_000
FACTORS = (8, 40, 128)
GOAL = 25e6  # updates by the second and core at 40 factors
SIZES = (1_000_000, 10_000_000)
BATCH = 4_096
EPOCH = 100 * BATCH
PASSES = 10


class Embeddings(nn.Module):
    """Matrix factorization as one usually writes it in PyTorch."""

    def __init__(self, users: int, items: int, factors: int) -> None:
        super().__init__()
        self.users, self.items = nn.Embedding(users, factors), nn.Embedding(items, factors)

    def forward(self, users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        """Returns the product of the factors of each pair."""
        return (self.users(users) * self.items(items)).sum(1)


def cases(settings: Settings) -> Iterator[Case]:
    """The compiled pass and minibatches in torch, by number of factors; two threads; larger data."""
    yield Case(
        name=f"compiled pass of {RATINGS:,} ratings, 40 factors, one thread: goal of 25 M updates/s",
        peer="none",
        measure=partial(_pass, settings, 40, 1),
        limit=RATINGS / GOAL * 1000,
        limit_on="ms",
        needs=("numba",),
    )
    for factors in FACTORS:
        peer = "two embeddings, autograd and Adam"
        yield Case(
            name=f"compiled pass, {factors} factors: an epoch of {EPOCH:,} ratings",
            peer=f"{peer}, batches of {BATCH:,}",
            measure=partial(_epoch_beside_autograd, settings, factors),
            limit=0.05,
            needs=("numba",),
        )
        yield Case(
            name=f"sparse minibatch in torch, {factors} factors: {BATCH:,} ratings",
            peer=peer,
            measure=partial(_batch_beside_autograd, settings, factors),
        )
        yield Case(
            name=f"{PASSES} compiled passes of {RATINGS:,} ratings after sorting, {factors} factors, one thread",
            peer="LIBMF",
            measure=partial(_beside_libmf, settings, factors),
            limit=1.0,
            needs=("numba", "libmf"),
        )
    yield Case(
        name=f"compiled pass of {RATINGS:,} ratings, 40 factors: two threads beside one, by the wall clock",
        peer="one thread",
        measure=partial(_two_threads, settings),
        limit=1 / 1.6,
        needs=("numba",),
    )
    for count in SIZES:
        yield Case(
            name=f"compiled pass of {count:,} ratings, 40 factors, one thread",
            peer="none",
            measure=partial(_pass, settings, 40, 1, count),
            needs=("numba",),
        )


def random_grid(count: int) -> Grid:
    """A grid of ratings of random pairs, with as many users and items as data of that size has."""
    scale = (count / RATINGS) ** 0.5
    users, items = max(int(USERS * scale), 8), max(int(ITEMS * scale), 8)
    generator = np.random.default_rng(0)
    columns = Columns(
        users=generator.integers(0, users, count, dtype=np.int32),
        items=generator.integers(0, items, count, dtype=np.int32),
        ratings=generator.standard_normal(count, np.float32),
    )
    return build_grid(columns, users, items, None)


def _trainer(grid: Grid, factors: int) -> tuple[MatrixFactorization, SquaredError, RowAdagrad]:
    torch.manual_seed(0)
    users, items = int(grid.columns.users.max()) + 1, int(grid.columns.items.max()) + 1
    network = MatrixFactorization(num_users=users, num_items=items, factors=factors, biases=False, centered=False)
    return network, SquaredError(l2=0.1, l1=0.0), RowAdagrad(network.parameters(), lr=0.05)


def _runner(grid: Grid, factors: int, threads: int) -> Callable[[], float]:
    return partial(compiled_pass, *_trainer(grid, factors), grid, rate=0.05, seed=0, threads=threads)


def _count(settings: Settings, count: int) -> int:
    return 20_000 if settings.quick else count


def _pass(settings: Settings, factors: int, threads: int, ratings: int = RATINGS) -> Measured:
    count = _count(settings, ratings)
    found = alone(_runner(random_grid(count), factors, threads), settings)
    return found._replace(
        note=f"{count / found.ours.cpu / 1e6:.1f} M updates/s, {found.ours.cpu / count * 1e9:.1f} ns each"
    )


def _two_threads(settings: Settings) -> Measured:
    grid = random_grid(_count(settings, RATINGS))
    found = compare(_runner(grid, 40, 2), _runner(grid, 40, 1), settings, clock="wall")
    assert found.ratio is not None
    return found._replace(note=f"{1 / found.ratio:.2f} times as fast")


def _epoch_beside_autograd(settings: Settings, factors: int) -> Measured:
    grid = random_grid(_count(settings, EPOCH))
    step = _autograd_step(grid, factors)
    batches = [_batch(grid, first) for first in range(0, len(grid), BATCH)]

    def theirs() -> None:
        for batch in batches:
            step(*batch)

    return _with_rates(compare(_runner(grid, factors, 1), theirs, settings), len(grid))


def _batch_beside_autograd(settings: Settings, factors: int) -> Measured:
    grid = random_grid(_count(settings, EPOCH))
    network, loss, optimizer = _trainer(grid, factors)
    batch = _batch(grid, 0)

    def ours() -> None:
        found = minibatch.gradients(network, loss, *batch, None)
        minibatch.update(network, loss, optimizer, found, rate=0.05)

    return _with_rates(compare(ours, partial(_autograd_step(grid, factors), *batch), settings), len(batch[0]))


def _batch(grid: Grid, first: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ratings drawn at random, without replacement over an epoch."""
    rows = np.random.default_rng(1).permutation(len(grid))[first : first + BATCH]
    chosen = grid.columns[rows]
    users, items = (torch.from_numpy(each.astype(np.int64)) for each in (chosen.users, chosen.items))
    return users, items, torch.from_numpy(chosen.ratings)


def _autograd_step(grid: Grid, factors: int) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor], None]:
    network, _, _ = _trainer(grid, factors)
    embeddings = Embeddings(network.num_users, network.num_items, factors)
    optimizer = torch.optim.Adam(embeddings.parameters(), lr=1e-3)

    def step(users: torch.Tensor, items: torch.Tensor, ratings: torch.Tensor) -> None:
        optimizer.zero_grad()
        (embeddings(users, items) - ratings).square().mean().backward()
        optimizer.step()

    return step


def _beside_libmf(settings: Settings, factors: int) -> Measured:
    from libmf import mf

    grid = random_grid(_count(settings, RATINGS))
    table = np.stack([np.asarray(c, np.float64) for c in grid.columns.named().values()], axis=1)
    engine = mf.MF(k=factors, nr_iters=PASSES, nr_threads=1, quiet=True, copy_data=False)
    network, loss, optimizer = _trainer(grid, factors)

    def ours() -> None:
        again = build_grid(grid.columns, network.num_users, network.num_items, None)
        for seed in range(PASSES):
            compiled_pass(network, loss, optimizer, again, rate=0.05, seed=seed, threads=1)

    return _with_rates(compare(ours, lambda: engine.fit(table), settings), PASSES * len(grid))


def _with_rates(found: Measured, count: int) -> Measured:
    assert found.theirs is not None
    ours, theirs = (count / side.cpu / 1e6 for side in (found.ours, found.theirs))
    return found._replace(note=f"{ours:.2f} and {theirs:.2f} M updates by the CPU second")
