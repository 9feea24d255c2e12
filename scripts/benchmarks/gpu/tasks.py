"""Training steps of the other tasks, beside the same step in a plain loop."""

import copy
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch
from pytorch_lightning.utilities import move_data_to_device
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.beside import build_run, train_in_turns
from benchmarks.cases import Case
from benchmarks.gpu.scenes import RandomScenes
from benchmarks.gpu.training import SLOWEST, utilization
from benchmarks.plain_loop import recipe
from benchmarks.settings import Settings
from benchmarks.suites import recurrent
from benchmarks.synthetic import RandomImages
from benchmarks.timing import Measured, compare, rate
from zoo.data.base import DataModule
from zoo.losses.miners import BatchHard
from zoo.losses.triplet import TripletLoss
from zoo.run.run import Run

VECTORS, WIDTH, EACH, MARGIN = 4096, 128, 4, 0.2
BLOCK, BLOCKS = 10, 6


def cases(settings: Settings) -> Iterator[Case]:
    """YOLO, the Siamese network with many embeddings, and the GRU."""
    scenes, size = (2, 64) if settings.quick else (64, 416)
    yield Case(
        name="yolo, a training step, 416 px, batch 64, bfloat16",
        peer="the same network and loss in a plain loop",
        measure=partial(_step, settings, "yolo", lambda: RandomScenes(size=size, batch_size=scenes), scenes),
        limit=SLOWEST,
    )
    vectors = 64 if settings.quick else VECTORS
    yield Case(
        name=f"siamese, a training step with {VECTORS:,} embeddings, bfloat16",
        peer="the same network and loss in a plain loop",
        measure=partial(_step, settings, "siamese", partial(_identities, vectors), vectors),
        limit=SLOWEST,
    )
    yield Case(
        name=f"batch-hard mining and triplet loss of {VECTORS:,} vectors of {WIDTH}, with gradient",
        peer="torch.cdist and nn.TripletMarginLoss",
        measure=partial(_mining, settings, vectors),
    )
    yield Case(
        name=f"gru, a training step of {recurrent.BATCH} windows of {recurrent.CONTEXT} + 1 steps",
        peer="nn.GRU in a plain loop",
        measure=partial(_gru, settings),
    )


def _identities(count: int) -> DataModule:
    return RandomImages(size=32, channels=1, num_classes=max(count // EACH, 2), count=2 * count, batch_size=count)


def _step(settings: Settings, name: str, make_data: Any, batch: int) -> Measured:
    block, blocks = (1, 4) if settings.quick else (BLOCK, BLOCKS)
    precision = "trainer.precision=32-true" if settings.quick else "trainer.precision=bf16-mixed"
    run = build_run([f"model={name}", precision, "callbacks=[]"], make_data(), settings)
    steps = block * blocks
    loop = PlainStep(run, settings, steps)
    found = train_in_turns(run, loop, settings, steps=steps, block=block).steps_measured()
    notes = [rate(found, batch), utilization(run.task, found, batch, settings)]
    return found._replace(note="; ".join(note for note in notes if note))


class PlainStep:
    """One step a call over a copy of a run's network and loss: move, normalize, forward, backward, update, schedule."""

    def __init__(self, run: Run, settings: Settings, steps: int) -> None:
        self.task = copy.deepcopy(run.task).to(settings.device).train()
        self.optimizer, self.schedule = recipe(run.config, self.task, steps)
        self.data = run.datamodule
        self.device = settings.device
        self.bfloat16 = not settings.quick
        self.batches: Iterator[Any] = iter(())

    def __call__(self) -> None:
        """Trains on the next batch."""
        batch = next(self.batches, None)
        if batch is None:
            self.batches = iter(self.data.loader("train"))
            batch = next(self.batches)
        batch = self.data.normalize(move_data_to_device(batch, self.device))
        self.optimizer.zero_grad()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            loss = self.task.step(batch, "train")
        loss.backward()
        self.optimizer.step()
        self.schedule.step()


def _mining(settings: Settings, count: int) -> Measured:
    generator = torch.Generator().manual_seed(0)
    raw = torch.randn(count, WIDTH, generator=generator).to(settings.device).requires_grad_()
    identities = torch.arange(count // EACH).repeat_interleave(EACH).to(settings.device)
    loss, plain = TripletLoss(margin=MARGIN, miner=BatchHard(), squared=False), nn.TripletMarginLoss(margin=MARGIN)

    def ours() -> Tensor:
        raw.grad = None
        value = loss(F.normalize(raw), identities).value
        value.backward()
        return value.detach()

    def theirs() -> Tensor:
        raw.grad = None
        vectors = F.normalize(raw)
        value = plain(*(vectors[rows] for rows in _hardest(vectors.detach(), identities)))
        value.backward()
        return value.detach()

    return compare(ours, theirs, settings, note=f"{count:,} vectors")


def _hardest(vectors: Tensor, identities: Tensor) -> Sequence[Tensor]:
    distances, same = torch.cdist(vectors, vectors), identities[:, None] == identities
    positives = distances.masked_fill(~same, -1.0).argmax(1)
    negatives = distances.masked_fill(same, torch.inf).argmin(1)
    return torch.arange(len(vectors), device=vectors.device), positives, negatives


def _gru(settings: Settings) -> Measured:
    block = 1 if settings.quick else 40
    found = recurrent.beside_loop(settings, block=block)
    return found._replace(note=rate(found, recurrent.BATCH, "windows"))
