"""Repeated augmentation: each batch holds several copies of each of its images, which are augmented separately."""

from collections.abc import Iterator

from jaxtyping import Int
from torch import Tensor

from zoo.data.sampling import IndexBatches


class RepeatedBatches(IndexBatches):
    """Batches with `repeats` copies of each image; an epoch is as long, and has a share 1 / `repeats` of the images.

    Sources: Hoffer et al., "Augment your batch", 2019, arXiv:1901.09335; Berman et al., "MultiGrain", 2019,
    arXiv:1902.05509. As there, the images of an epoch are drawn anew each time.
    """

    repeats: int = 1
    distinct: IndexBatches
    """The batches whose images are repeated."""

    @classmethod
    def like(cls, other: IndexBatches, repeats: int) -> "RepeatedBatches":
        """The batches of `other`, with fewer images each."""
        batches = cls(other.count, **other.settings)
        batches.repeats, batches.distinct = repeats, other
        return batches

    def set_epoch(self, epoch: int) -> None:
        """Selects the epoch whose order comes next."""
        self.distinct.set_epoch(epoch)

    def __iter__(self) -> Iterator[Int[Tensor, " b"]]:
        for batch in self.distinct:
            distinct = -(-len(batch) // self.repeats)
            yield batch[:distinct].repeat_interleave(self.repeats)[: len(batch)]
