"""Samplers of batch indices."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.permutation import Permutation

_BLOCK = 2**16  # indices computed at a time
_STORED = 2**24  # longest order kept in memory; a longer one would take more memory than its batches


class IndexBatches(Sampler[Tensor]):
    """One tensor of indices per batch; the order depends on the seed and the epoch alone.

    Several processes share the indices. When shuffled, each takes the same number of full batches. In order, each
    takes a contiguous block: every index appears exactly once, so that metrics count every sample once.

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
        self.count = count
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments of the constructor besides the count."""
        names = ("batch_size", "shuffle", "seed", "rank", "world_size")
        return {name: getattr(self, name) for name in names}

    def set_epoch(self, epoch: int) -> None:
        """Selects the epoch whose order comes next; called by the trainer."""
        self.epoch = epoch

    def __len__(self) -> int:
        mine = len(self._mine())
        if self.shuffle:
            return max(mine // self.batch_size, 1)  # drops a small last batch, which would disturb batch norm
        return -(-mine // self.batch_size)

    def __iter__(self) -> Iterator[Int[Tensor, " b"]]:
        mine, order = self._mine()[: len(self) * self.batch_size], self._order()
        block = max(_BLOCK // self.batch_size, 1) * self.batch_size
        for first in range(0, max(len(mine), len(self)), block):  # a process without samples still takes its step
            part = mine[first : first + block]
            yield from order(torch.arange(part.start, part.stop, part.step)).split(self.batch_size)

    def _mine(self) -> range:
        """Positions in the order that belong to this process."""
        if self.shuffle:
            return range(self.rank, self.count, self.world_size)[: max(self.count // self.world_size, 1)]
        share = -(-self.count // self.world_size)
        return range(self.count)[self.rank * share : (self.rank + 1) * share]

    def _order(self) -> Callable[[Tensor], Tensor]:
        """A function from positions in the order to indices."""
        if not self.shuffle:
            return lambda positions: positions
        seed = numbered_seed(self.seed, self.epoch)
        if self.count > _STORED:
            return Permutation(self.count, seed)
        order = torch.randperm(self.count, generator=torch.Generator().manual_seed(seed))
        return lambda positions: order[positions]


class FreshBatches(IndexBatches):
    """Batches of new samples in every epoch: epoch e has the indices from e · `count` on."""

    @classmethod
    def like(cls, other: IndexBatches) -> "FreshBatches":
        """Batches with the settings of `other`."""
        return cls(other.count, **other.settings)

    def __iter__(self) -> Iterator[Int[Tensor, " b"]]:
        for batch in super().__iter__():
            yield batch + self.epoch * self.count


class LongEpochs(IndexBatches):
    """Batches of an epoch that shows every sample equally often, so that it has at least some number of samples."""

    samples: int

    @classmethod
    def like(cls, other: IndexBatches, least: int) -> "LongEpochs":
        """Batches with the settings of `other`, in epochs of at least `least` samples."""
        batches = cls(other.count * max(1, -(-least // other.count)), **other.settings)
        batches.samples = other.count
        return batches

    def __iter__(self) -> Iterator[Int[Tensor, " b"]]:
        for batch in super().__iter__():
            yield batch % self.samples


class Remaining(Sampler[Tensor]):
    """The batches of a sampler from `epoch` on, without the first `done` of that epoch.

    Its length is that of a full epoch. Data workers fetch before the trainer calls `set_epoch` for the first time.
    """

    def __init__(self, sampler: Sampler[Tensor], epoch: int, done: int) -> None:
        self.sampler: Any = sampler
        self.done = done
        self.set_epoch(epoch)

    def set_epoch(self, epoch: int) -> None:
        """Selects the epoch whose order comes next."""
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[Tensor]:
        done, self.done = self.done, 0
        return islice(iter(self.sampler), done, None)


def numbered_seed(seed: int, number: int) -> int:
    """A seed for each number (an epoch, a step), far from those of neighboring seeds and numbers."""
    return (seed * 1_000_003 + number * 7_919 + 12_345) % 2**31
