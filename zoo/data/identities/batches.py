"""Batches of P identities with K images each."""

from collections.abc import Iterator

import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.sampling import numbered_seed
from zoo.errors import ZooError


class IdentityBatches(Sampler[Tensor]):
    """P different identities with K different images each; an epoch has a fixed number of batches.

    Source: Hermans et al., In Defense of the Triplet Loss, 2017, arXiv:1703.07737, section 2. An identity with fewer
    than K images repeats some; one with a single image has no positive pair and is skipped. All processes draw their
    identities from the same permutation, so that few identities appear twice in a step.

    Raises:
        ZooError: `batch_size` is not a multiple of K, K is below 2, or there are fewer than P identities.
    """

    def __init__(
        self,
        identities: Int[Tensor, " n"],
        *,
        batch_size: int,
        images_per_identity: int,
        steps_per_epoch: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if images_per_identity < 2:
            raise ZooError(f"`data.images_per_identity` (={images_per_identity}) must be at least 2")
        if batch_size < 2 * images_per_identity or batch_size % images_per_identity:
            raise ZooError(
                f"`data.batch_size` (={batch_size}) must be a multiple of data.images_per_identity "
                f"(={images_per_identity}), at least twice it"
            )
        if steps_per_epoch < 1:
            raise ZooError(f"`data.steps_per_epoch` (={steps_per_epoch}) must be at least 1")
        order = identities.argsort(stable=True)
        counts = identities.unique(return_counts=True)[1].tolist()
        self.rows = [part for part in order.split(counts) if len(part) > 1]
        self.identities_per_batch = batch_size // images_per_identity
        if len(self.rows) < self.identities_per_batch:
            raise ZooError(
                f"a batch of data.batch_size={batch_size} with data.images_per_identity={images_per_identity} needs "
                f"{self.identities_per_batch} identities and there are {len(self.rows)} with two images or more: "
                f"type data.batch_size={max(2, len(self.rows)) * images_per_identity}"
            )
        self.images_per_identity = images_per_identity
        self.steps_per_epoch = steps_per_epoch
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Selects the epoch whose batches come next; called by the trainer."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.steps_per_epoch

    def __iter__(self) -> Iterator[Int[Tensor, " b"]]:
        generator = torch.Generator().manual_seed(numbered_seed(self.seed, self.epoch))
        own = torch.Generator().manual_seed(numbered_seed(self.seed + 1 + self.rank, self.epoch))
        for _ in range(self.steps_per_epoch):
            shares: list[Tensor] = []
            while len(shares) < self.world_size:
                shares += torch.randperm(len(self.rows), generator=generator).split(self.identities_per_batch)
                shares = [share for share in shares if len(share) == self.identities_per_batch]
            yield torch.cat([self._draw_images(int(identity), own) for identity in shares[self.rank]])

    def _draw_images(self, identity: int, generator: torch.Generator) -> Tensor:
        rows, count = self.rows[identity], self.images_per_identity
        picks = [torch.randperm(len(rows), generator=generator) for _ in range(-(-count // len(rows)))]
        return rows[torch.cat(picks)[:count]]
