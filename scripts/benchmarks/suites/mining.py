"""Batch-hard mining and triplet loss, forward and backward; peer: pytorch-metric-learning."""

from collections.abc import Iterator
from functools import partial

import torch
from torch.nn import functional as F

from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.timing import Measured, compare
from zoo.losses.miners import BatchHard
from zoo.losses.triplet import TripletLoss

WIDTH, EACH, MARGIN = 128, 4, 0.2
LIMITS = {256: 0.45, 1024: 0.30}
LARGE, LARGE_MIB = 4096, 2048.0


def cases(settings: Settings) -> Iterator[Case]:
    """Time of batches with four images a person; memory of a large batch."""
    peer, needs = "pytorch-metric-learning's miner and loss", ("pytorch_metric_learning",)
    for count, limit in LIMITS.items():
        yield Case(
            name=f"batch-hard mining and loss, {count} vectors of {WIDTH}, with gradient",
            peer=peer,
            measure=partial(_compare, count, settings),
            limit=limit,
            needs=needs,
        )
    count = 512 if settings.quick else LARGE
    yield Case(
        name=f"batch-hard mining and loss, {LARGE} vectors of {WIDTH}, with gradient: memory",
        peer=peer,
        measure=partial(_compare, count, settings),
        limit=LARGE_MIB,
        limit_on="MiB",
        needs=needs,
    )


def _compare(count: int, settings: Settings) -> Measured:
    from pytorch_metric_learning.losses import TripletMarginLoss
    from pytorch_metric_learning.miners import BatchHardMiner

    generator = torch.Generator().manual_seed(0)
    raw = torch.randn(count, WIDTH, generator=generator).to(settings.device).requires_grad_()
    identities = torch.arange(count // EACH).repeat_interleave(EACH).to(settings.device)
    loss = TripletLoss(margin=MARGIN, miner=BatchHard(), squared=False)
    their_miner, their_loss = BatchHardMiner(), TripletMarginLoss(margin=MARGIN)

    def ours() -> torch.Tensor:
        raw.grad = None
        value = loss(F.normalize(raw), identities).value
        value.backward()
        return value.detach()

    def theirs() -> torch.Tensor:
        raw.grad = None
        vectors = F.normalize(raw)
        value = their_loss(vectors, identities, their_miner(vectors, identities))
        value.backward()
        return value.detach()

    apart = abs(float(ours()) - float(theirs()))
    return compare(ours, theirs, settings, note=f"losses apart by {apart:.0e}")
