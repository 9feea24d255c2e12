"""Batches of samples of similar length, which need little padding."""

from collections.abc import Callable, Iterator
from itertools import islice

import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.sampling import IndexBatches, numbered_seed

_WINDOW = 50  # batches that are sorted by length together


class LengthBatches(Sampler[Tensor]):
    """Shuffled training batches, each of samples of similar length.

    Takes the shuffled indices of an epoch in windows of 50 batches, sorts each window by length, and returns its
    batches in random order. Processes that train together get the same lengths at the same time: each takes its share
    of a joint batch.
    """

    def __init__(
        self,
        lengths: Callable[[Tensor], Int[Tensor, " b"]],
        joint: IndexBatches,
        *,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.lengths = lengths
        self.rank = rank
        self.world_size = world_size
        self.joint = joint

    def set_epoch(self, epoch: int) -> None:
        """Selects the epoch whose order comes next; called by the trainer."""
        self.joint.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.joint)

    def __iter__(self) -> Iterator[Int[Tensor, " b"]]:
        generator = torch.Generator().manual_seed(numbered_seed(self.joint.seed, self.joint.epoch))
        batches = iter(self.joint)
        while window := list(islice(batches, _WINDOW)):
            indices = torch.cat(window)
            ordered = indices[self.lengths(indices).argsort(stable=True)].split(len(window[0]))
            for number in torch.randperm(len(ordered), generator=generator).tolist():
                share = ordered[number][self.rank :: self.world_size]
                yield share if len(share) else ordered[number][:1]  # a process without samples still takes its step
