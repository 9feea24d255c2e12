"""Which indices make a batch."""

from collections.abc import Iterator

import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import Sampler

from zoo.errors import ZooError


class IndexBatches(Sampler[Tensor]):
    """One tensor of indices a batch, the order a function of the seed and the epoch alone.

    With several processes each takes its own part: when shuffled, equal numbers of full batches; else a
    contiguous part each, nothing twice and nothing left out, so that metrics count every sample once.

    Raises:
        ZooError: a batch size below 1.
    """

    def __init__(
        self,
        count: int,
        batch_size: int,
        *,
        shuffle: bool,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if batch_size < 1:
            raise ZooError(f"`data.batch_size` (={batch_size}) must be at least 1")
        self.count = count
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch whose order comes next; the trainer calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        mine = len(self._mine(torch.arange(self.count)))
        if self.shuffle:
            return max(mine // self.batch_size, 1)  # a small last batch would disturb batch norm
        return -(-mine // self.batch_size)

    def __iter__(self) -> Iterator[Int[Tensor, " b"]]:
        order = torch.arange(self.count)
        if self.shuffle:
            generator = torch.Generator().manual_seed(numbered_seed(self.seed, self.epoch))
            order = torch.randperm(self.count, generator=generator)
        batches = self._mine(order).split(self.batch_size)
        yield from batches[: len(self)]

    def _mine(self, order: Tensor) -> Tensor:
        if self.shuffle:
            return order[self.rank :: self.world_size][: max(self.count // self.world_size, 1)]
        share = -(-self.count // self.world_size)
        return order[self.rank * share : (self.rank + 1) * share]


def numbered_seed(seed: int, number: int) -> int:
    """A seed for each number (an epoch, a step), far from those of neighbouring seeds and numbers."""
    return (seed * 1_000_003 + number * 7_919 + 12_345) % 2**31
