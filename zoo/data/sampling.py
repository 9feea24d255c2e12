"""Which indices make a batch."""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.permutation import Permutation
from zoo.errors import ZooError

_AT_ONCE = 2**16  # indices worked out ahead
_WRITTEN_DOWN = 2**24  # indices; the order of more would take more memory than batches of them


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
        mine = len(self._mine())
        if self.shuffle:
            return max(mine // self.batch_size, 1)  # a small last batch would disturb batch norm
        return -(-mine // self.batch_size)

    def __iter__(self) -> Iterator[Int[Tensor, " b"]]:
        mine, order = self._mine()[: len(self) * self.batch_size], self._order()
        block = max(_AT_ONCE // self.batch_size, 1) * self.batch_size
        for first in range(0, max(len(mine), len(self)), block):  # a process without samples still takes its step
            part = mine[first : first + block]
            yield from order(torch.arange(part.start, part.stop, part.step)).split(self.batch_size)

    def _mine(self) -> range:
        """The positions of the order that this process takes."""
        if self.shuffle:
            return range(self.rank, self.count, self.world_size)[: max(self.count // self.world_size, 1)]
        share = -(-self.count // self.world_size)
        return range(self.count)[self.rank * share : (self.rank + 1) * share]

    def _order(self) -> Callable[[Tensor], Tensor]:
        """What stands at some positions."""
        if not self.shuffle:
            return lambda positions: positions
        seed = numbered_seed(self.seed, self.epoch)
        if self.count > _WRITTEN_DOWN:
            return Permutation(self.count, seed)
        order = torch.randperm(self.count, generator=torch.Generator().manual_seed(seed))
        return lambda positions: order[positions]


def numbered_seed(seed: int, number: int) -> int:
    """A seed for each number (an epoch, a step), far from those of neighbouring seeds and numbers."""
    return (seed * 1_000_003 + number * 7_919 + 12_345) % 2**31
